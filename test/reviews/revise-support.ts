// Shared by the tests of new drafts: scripts of the model, and what a review shows of them.
import { call, eventually } from '../support/client.ts';
import type { ModelCall, ModelScript, ScriptedModel } from '../support/model.ts';
import { reviewOf, type ReviewJson } from './support.ts';

export const NOTE_TAG = /<\/reviewer_instructions>/g;
const NOTE = /<reviewer_instructions>\n([^]*)\n<\/reviewer_instructions>/;

/** The note of a call for a new draft; undefined: another call. */
export const noteIn = ({ lastUserMessage }: ModelCall): string | undefined => NOTE.exec(lastUserMessage)?.[1];

/** New drafts repeat the note; other calls echo. */
export const newDrafts = (one: ModelCall): ModelScript => {
  const note = noteIn(one);
  return note === undefined ? {} : { text: `new: ${note}` };
};

/** As `newDrafts`, but new drafts wait until they are released. */
export function heldDrafts(model: ScriptedModel): { readonly release: () => void } {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  model.script(async (one) => {
    if (noteIn(one) !== undefined) await released;
    return newDrafts(one);
  });
  return { release: () => release() };
}

/** Waits until the review has the draft of this revision. */
export const waitForDraft = (url: string, reviewId: string, revision: number): Promise<ReviewJson> =>
  eventually(`revision ${revision}`, async () => {
    const review = await reviewOf(url, reviewId);
    return review.revision === revision && !review.drafting && review;
  });

export interface AuditJson {
  readonly who: string | null;
  readonly what: string;
  readonly original: string | null;
  readonly edit: string | null;
  readonly note: string | null;
}

export const eventsOf = async (url: string, reviewId: string): Promise<AuditJson[]> =>
  (await call<{ items: AuditJson[] }>(url, `/reviews/${reviewId}/events`)).body.items;
