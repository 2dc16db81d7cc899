// Screens one turn with the rules of the review policy and with the verdicts of moderation models.
import type { Log } from '../telemetry/log.ts';
import { moderateWithRetries, sideAttempts } from '../model/attempts.ts';
import { ModelError, type Moderator } from '../model/model.ts';
import { moderationReasons, partsToModerate, type Verdict } from '../domain/moderation.ts';
import { screen, type Part, type Reason, type ReviewPolicy, type ScreenedTurn } from '../domain/policy.ts';

export interface ScreeningDeps {
  readonly moderator: Moderator;
  /** Maximum number of attempts of a call; null: no limit of its own. */
  readonly modelAttempts: number | null;
  /** Milliseconds in which failed calls are retried. */
  readonly modelRetryMs: number;
  readonly log: Log;
}

interface ModerationCall {
  readonly model: string;
  readonly texts: ReadonlyMap<Part, string>;
}

type ModelVerdicts = readonly [model: string, verdicts: ReadonlyMap<Part, Verdict>];

/** Calls the model once for all parts. A failed call becomes missing verdicts. Rejects only with the signal's
 *  reason. */
async function moderate(
  deps: ScreeningDeps,
  { model, texts }: ModerationCall,
  signal: AbortSignal,
): Promise<ModelVerdicts> {
  const parts = [...texts.keys()];
  try {
    const request = { model, texts: [...texts.values()], signal };
    const verdicts = await moderateWithRetries(
      deps.moderator,
      request,
      sideAttempts(deps.modelAttempts, deps.modelRetryMs),
    );
    return [model, new Map(parts.map((part, index) => [part, verdicts[index]!]))];
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    deps.log.warn({ model, code: error.code }, 'A moderation model gave no verdict; the reply goes to review.');
    const missing = `${error.code}, ${error.message}`;
    return [model, new Map(parts.map((part) => [part, { missing }]))];
  }
}

/** The screening of one turn. Models that judge only the message are called at once, while the reply is written. The
 *  others are called when the reply is complete. Each model is called once. */
export class Screening {
  readonly #deps: ScreeningDeps;
  readonly #policy: ReviewPolicy;
  readonly #message: string;
  readonly #models: ReadonlyMap<string, readonly Part[]>;
  readonly #abandoned = new AbortController();
  readonly #signal: AbortSignal;
  /** Null: no model judges anything. */
  readonly #messageVerdicts: Promise<ModelVerdicts[]> | null = null;

  constructor(deps: ScreeningDeps, policy: ReviewPolicy, message: string, signal: AbortSignal) {
    this.#deps = deps;
    this.#policy = policy;
    this.#message = message;
    this.#models = partsToModerate(policy);
    this.#signal = signal;
    if (this.#models.size === 0) return;
    this.#signal = AbortSignal.any([signal, this.#abandoned.signal]);
    this.#messageVerdicts = this.#moderate({ message, reply: '' }, (parts) => !parts.includes('reply'));
    // `reasons` passes a rejection on. If `reasons` is never called, the rejection must not be reported as unhandled.
    this.#messageVerdicts.catch(() => {});
  }

  #moderate(turn: ScreenedTurn, which: (parts: readonly Part[]) => boolean): Promise<ModelVerdicts[]> {
    const calls = [...this.#models].filter(([, parts]) => which(parts));
    return Promise.all(
      calls.map(([model, parts]) =>
        moderate(this.#deps, { model, texts: new Map(parts.map((part) => [part, turn[part]])) }, this.#signal),
      ),
    );
  }

  /** The reasons why the reply needs a review; empty: it needs none. Rejects with the signal's reason if it aborts. */
  async reasons(reply: string): Promise<Reason[]> {
    const turn = { message: this.#message, reply };
    if (!this.#messageVerdicts) return screen(this.#policy, turn);
    const replyVerdicts = this.#moderate(turn, (parts) => parts.includes('reply'));
    const verdicts = (await Promise.all([this.#messageVerdicts, replyVerdicts])).flat();
    return [...screen(this.#policy, turn), ...moderationReasons(this.#policy, new Map(verdicts))];
  }

  /** Aborts running moderation calls, because there will be no reply to screen. */
  abandon(): void {
    this.#abandoned.abort();
  }
}
