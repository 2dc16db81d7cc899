// Writes a new draft of a reply that a reviewer sent back: prompt, model call, screening, commit under the claim's epoch. The
// user never sees a draft: it is not streamed, and it waits for the reviewer.
import type { ActorRuntime } from '../../actors/runtime.ts';
import type { Assistant } from '../../domain/assistants/assistant.ts';
import { BudgetExhausted, ChargeLost } from '../../domain/budgets/budget.ts';
import { NO_DELTAS } from '../../domain/delta.ts';
import { newId } from '../../domain/ids.ts';
import { unknownUser } from '../../domain/memory.ts';
import type { PolicySource, Reason } from '../../domain/policy.ts';
import { withoutTag } from '../../domain/text.ts';
import type { TurnError } from '../../domain/turn.ts';
import type { Prompt } from '../../model/fitted-prompt.ts';
import { ModelError, type Completion, type Message, type Model, type Moderator } from '../../model/model.ts';
import type { Budgets } from '../../store/budgets/budgets.ts';
import { mayPass, type Database } from '../../store/database.ts';
import { failRevision, finishRevision, type ClaimedRevision } from '../../store/revisions/revisions.ts';
import { askModel, NoModel, type AskDeps } from '../ask-model.ts';
import { CallCount } from '../call-count.ts';
import type { LiveAssistants } from '../live-assistants.ts';
import { promptOfTurn } from '../prompt.ts';
import { readForPrompt, type ReadTurn } from '../read-for-prompt.ts';
import { Screening } from '../screening.ts';
import { commitUntilDone } from '../turn-commits.ts';

/** Work that was claimed this often without an end probably crashes its workers. */
const MAX_CLAIMS = 10;

export interface RedraftDeps extends AskDeps {
  readonly database: Database;
  readonly actors: Pick<ActorRuntime, 'call'>;
  readonly assistants: Pick<LiveAssistants, 'find'>;
  readonly policies: PolicySource;
  readonly moderator: Moderator;
  readonly budgets: Pick<Budgets, 'ofRevision'>;
}

export type RedraftOutcome =
  | { readonly status: 'revised' }
  /** The last draft stays. */
  | { readonly status: 'failed'; readonly error: TurnError }
  /** Another claim, a decision, the deadline or a cancellation came first; nothing was written. */
  | { readonly status: 'lost' };

/** Writes the new draft. `calls` counts the calls of the model, from 1 for the one that the claim has counted. Rejects with the
 *  signal's reason when the signal aborts. @throws Unavailable */
export async function redraft(
  deps: RedraftDeps,
  claim: ClaimedRevision,
  calls: CallCount,
  signal: AbortSignal,
): Promise<RedraftOutcome> {
  const fail = async (error: TurnError, made = calls.begun): Promise<RedraftOutcome> => {
    const failed = { calls: made, why: `${error.code}: ${error.detail}`, auditId: newId() };
    const done = await commitUntilDone(() => failRevision(deps.database, claim, failed), signal);
    return done ? { status: 'failed', error } : { status: 'lost' };
  };
  if (claim.claims > MAX_CLAIMS)
    return fail({ code: 'claims_exhausted', detail: `the workers of the new draft ended ${MAX_CLAIMS} times` });
  const assistant = await deps.assistants.find(claim.assistant);
  if (assistant === null)
    return fail({
      code: 'assistant_not_found',
      detail: `the assistants file has no assistant ${claim.assistant} any more`,
    });
  let screening: Screening | null = null;
  try {
    const read = await readForPrompt(deps.database, assistant, { ...claim, history: null });
    screening = new Screening(deps, deps.policies.current, read.message, signal);
    const { text, model, usage, finishReason } = await write(deps, { claim, assistant, calls, read }, signal);
    const reasons = withFound(claim.reasons, await screening.reasons(text));
    const draft = { text, model, usage, finishReason, reasons, calls: calls.begun };
    const auditId = newId();
    const done = await commitUntilDone(() => finishRevision(deps.database, claim, draft, auditId), signal);
    return { status: done ? 'revised' : 'lost' };
  } catch (error) {
    screening?.abandon();
    if (error instanceof NoModel) return await fail(error.turnError);
    if (error instanceof ChargeLost) return { status: 'lost' };
    if (error instanceof BudgetExhausted) {
      // The call that needs the tokens was not made.
      return await fail({ code: 'budget_exhausted', detail: error.message }, calls.begun - 1);
    }
    if (error instanceof ModelError) return await fail({ code: error.code, detail: error.message });
    signal.throwIfAborted();
    if (mayPass(error)) throw error;
    // The text of the error may contain text of the draft.
    const { name, code } = error as { readonly name?: string; readonly code?: string };
    deps.log.error({ turn_id: claim.turnId, error: name, code }, 'A new draft could not be processed or stored.');
    return await fail({ code: 'internal_error', detail: 'the new draft could not be processed or stored' });
  }
}

interface Writing {
  readonly claim: ClaimedRevision;
  readonly assistant: Assistant;
  readonly calls: CallCount;
  readonly read: ReadTurn;
}

/** Asks the models of the assistant, without tools: a new draft never calls any. */
async function write(
  deps: RedraftDeps,
  { claim, assistant, calls, read }: Writing,
  signal: AbortSignal,
): Promise<Completion> {
  const { userId, requestedAt: startedAt, draftingS: queuedS } = claim;
  const memory = assistant.memory ? await deps.actors.call(userId, 'memory', {}) : unknownUser(userId);
  const prompt = redraftPrompt(promptOfTurn(assistant, { ...claim, memory }, read), claim.draft, claim.note);
  // The time for retries begins when the new draft is asked for.
  const work = { ...claim, queuedS, createdAt: startedAt, startedAt };
  const partial = { of: (model: Model) => model };
  const asking = { work, assistant, calls, partial, prompt, tools: [], use: {}, sink: NO_DELTAS, ranMs: 0 };
  return askModel(deps, { ...asking, spending: deps.budgets.ofRevision(claim) }, signal);
}

const instructionsOf = (note: string): string =>
  [
    'Your reply has not been sent. A reviewer wants another one, as the instructions between the reviewer_instructions tags say.',
    "Write the whole reply to the user's last message again. Write nothing about the review or the reviewer.",
    `<reviewer_instructions>\n${withoutTag(note, 'reviewer_instructions')}\n</reviewer_instructions>`,
  ].join('\n');

/** The prompt of the turn, continued by the draft and the note of the reviewer. */
function redraftPrompt(prompt: Prompt, draft: string, note: string): Prompt {
  const added: readonly Message[] = [
    // A draft that only asked the client for calls has no text.
    ...(draft === '' ? [] : [{ role: 'assistant', content: draft } as const]),
    { role: 'user', content: instructionsOf(note) },
  ];
  return { ...prompt, messages: (exchanges) => [...prompt.messages(exchanges), ...added] };
}

/** The reasons so far, and those that were found in the new draft. */
function withFound(reasons: readonly Reason[], found: readonly Reason[]): Reason[] {
  const isNew = ({ rule, detail }: Reason) => !reasons.some((known) => known.rule === rule && known.detail === detail);
  return [...reasons, ...found.filter(isNew)];
}
