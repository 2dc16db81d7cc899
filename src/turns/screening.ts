// Screening one turn: what the policy finds by itself, and what moderation models say.
import type { Log } from '../telemetry/log.ts';
import { moderateWithin } from '../model/attempts.ts';
import { ModelError, type Moderator } from '../model/model.ts';
import { moderationReasons, toBeJudged, type Verdict } from '../domain/moderation.ts';
import { screen, type Part, type Reason, type ReviewPolicy, type ScreenedTurn } from '../domain/policy.ts';

export interface ScreeningDeps {
  readonly moderator: Moderator;
  readonly modelAttempts: number;
  readonly log: Log;
}

interface Judging {
  readonly model: string;
  readonly texts: ReadonlyMap<Part, string>;
}

type Judged = readonly [model: string, verdicts: ReadonlyMap<Part, Verdict>];

/** One call for all parts. Rejects with the signal's reason alone. */
async function judge(deps: ScreeningDeps, { model, texts }: Judging, signal: AbortSignal): Promise<Judged> {
  const parts = [...texts.keys()];
  try {
    const request = { model, texts: [...texts.values()], signal };
    const verdicts = await moderateWithin(deps.moderator, request, { most: deps.modelAttempts });
    return [model, new Map(parts.map((part, index) => [part, verdicts[index]!]))];
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    deps.log.warn({ model, code: error.code }, 'A moderation model gave no verdict; the reply goes to review.');
    const missing = `${error.code}, ${error.message}`;
    return [model, new Map(parts.map((part) => [part, { missing }]))];
  }
}

/** Screening that begins with the turn: models that judge the message alone are asked while the reply is written, the
 *  others once it is there, each by one call. */
export class Screening {
  readonly #deps: ScreeningDeps;
  readonly #policy: ReviewPolicy;
  readonly #message: string;
  readonly #abandoned = new AbortController();
  readonly #signal: AbortSignal;
  readonly #early: Promise<Judged[]>;

  constructor(deps: ScreeningDeps, policy: ReviewPolicy, message: string, signal: AbortSignal) {
    this.#deps = deps;
    this.#policy = policy;
    this.#message = message;
    this.#signal = AbortSignal.any([signal, this.#abandoned.signal]);
    this.#early = this.#judge({ message, reply: '' }, (parts) => !parts.includes('reply'));
    // Its end is told to who asks for the reasons; where nobody does, nobody has to hear of it.
    this.#early.catch(() => {});
  }

  #judge(turn: ScreenedTurn, which: (parts: readonly Part[]) => boolean): Promise<Judged[]> {
    const judgings = [...toBeJudged(this.#policy)].filter(([, parts]) => which(parts));
    return Promise.all(
      judgings.map(([model, parts]) =>
        judge(this.#deps, { model, texts: new Map(parts.map((part) => [part, turn[part]])) }, this.#signal),
      ),
    );
  }

  /** Why the reply needs a person; none: it does not. Rejects with the signal's reason once it is aborted. */
  async reasons(reply: string): Promise<Reason[]> {
    const turn = { message: this.#message, reply };
    const judged = await Promise.all([this.#early, this.#judge(turn, (parts) => parts.includes('reply'))]);
    return [...screen(this.#policy, turn), ...moderationReasons(this.#policy, new Map(judged.flat()))];
  }

  /** There is no reply to screen: nothing is asked any more. */
  abandon(): void {
    this.#abandoned.abort();
  }
}
