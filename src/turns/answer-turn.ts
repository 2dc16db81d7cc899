// Answers one claimed turn: reads the last exchanges, calls the model, screens the reply, and commits under the claim's
// epoch.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Work } from '../actors/user-session.ts';
import { newId } from '../domain/ids.ts';
import type { Log } from '../telemetry/log.ts';
import type { Pause } from '../model/attempts.ts';
import { budgeted } from '../model/budgeted.ts';
import { completeWithFallback } from '../model/fallback.ts';
import { completeFitted, fitting } from '../model/fitted-prompt.ts';
import { ModelError, type Completion, type Moderator } from '../model/model.ts';
import type { ModelPool } from '../model/model-pool.ts';
import type { Budgets } from '../store/budgets/budgets.ts';
import { postponeTurn } from '../store/budgets/postponed.ts';
import { commitAnswer, commitFailure, type ModelReply } from '../store/commit-turn.ts';
import { lastBefore } from '../store/conversations.ts';
import { BUDGET_OUTPUT_TOKENS, BudgetExhausted, ChargeLost } from '../domain/budgets/budget.ts';
import { Unavailable } from '../domain/errors.ts';
import { mayPass, type Database } from '../store/database.ts';
import { parkTurn } from '../store/park-turn.ts';
import { picturesOfTurn } from '../store/pictures/turn-pictures.ts';
import { inSpan, traceparent } from '../telemetry/tracing.ts';
import { mayNeedReview, type ReviewPolicy } from '../domain/policy.ts';
import { deliveryEvents, type OutboxEvent } from '../domain/events.ts';
import { NO_DELTAS, type DeltaWriter } from '../domain/delta.ts';
import type { LiveAssistants } from './live-assistants.ts';
import type { PartialReply } from './partial-reply.ts';
import { promptOfTurn } from './prompt.ts';
import { Screening } from './screening.ts';
import { queuedTurn, type Turn, type TurnError } from '../domain/turn.ts';

/** A turn whose claim lapsed this often fails: it probably crashes its workers. The claim counts a takeover before the
 *  model is called again. */
const MAX_TAKEOVERS = 10;
const COMMIT_RETRY_MS = 500;

export interface AnswerDeps {
  readonly database: Database;
  readonly moderator: Moderator;
  /** Sends the reply text to readers while the model writes it. */
  readonly deltas: DeltaWriter;
  readonly assistants: Pick<LiveAssistants, 'find'>;
  readonly models: Pick<ModelPool, 'candidatesOf'>;
  readonly budgets: Pick<Budgets, 'ofTurn'>;
  /** Maximum number of attempts of a call; null: no limit of its own. */
  readonly modelAttempts: number | null;
  /** Milliseconds since the first claim of a turn in which failed calls are retried. */
  readonly modelRetryMs: number;
  /** Waits before a call of this user's turn is retried. */
  readonly pause: (userId: string) => Pause;
  readonly reviewDeadlineS: number;
  readonly log: Log;
}

/** A claimed turn, what records the text that its models write, and the policy. */
export interface ClaimedWork {
  readonly work: Work;
  readonly partial: Pick<PartialReply, 'of'>;
  /** The same version from the claim to the commit, so that streaming and the commit apply the same rules. */
  readonly policy: ReviewPolicy;
}

export type AnswerOutcome =
  | { readonly status: 'completed'; readonly events: readonly OutboxEvent[]; readonly turn: Turn }
  /** A reviewer must decide; the event requests the review. */
  | { readonly status: 'awaiting_review'; readonly events: readonly OutboxEvent[] }
  | { readonly status: 'failed'; readonly error: TurnError }
  /** A budget has no room for it now, so it is queued again. */
  | { readonly status: 'postponed' }
  /** Another claim or a cancellation came first; nothing was written. */
  | { readonly status: 'lost' };

/** Retries the commit until the database accepts it or the signal aborts, because the model call was already paid for.
 *  If the response of a successful commit is lost, the retry matches no row and the outcome is `lost`; the row is
 *  correct. */
async function commitUntilDone<T>(commit: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await inSpan('commit', {}, commit);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      // The rejection of `sleep` is an AbortError, not the signal's reason.
      await sleep(COMMIT_RETRY_MS, undefined, { signal }).catch(() => {});
      signal.throwIfAborted();
    }
  }
}

/** Milliseconds from the first claim of the turn to this one, by the database's clock. The first claim itself starts a little
 *  later than its transaction, from which `queuedS` is counted. */
const runningMs = ({ queuedS, createdAt, startedAt }: Work): number =>
  Math.max(0, queuedS * 1_000 - (startedAt - createdAt));

/** Answers the claimed turn. Rejects with the signal's reason when the signal aborts. A commit that has started then is
 *  not undone. @throws Unavailable */
export async function answerTurn(
  deps: AnswerDeps,
  { work, partial, policy }: ClaimedWork,
  signal: AbortSignal,
): Promise<AnswerOutcome> {
  const { database, log } = deps;
  let attempts = work.attempts;
  const fail = async (error: TurnError): Promise<AnswerOutcome> => {
    const done = await commitUntilDone(() => commitFailure(database, work, attempts, error), signal);
    return done ? { status: 'failed', error } : { status: 'lost' };
  };
  if (work.takeovers >= MAX_TAKEOVERS) {
    const error = {
      code: 'claims_exhausted',
      detail: `the workers of the turn ended ${MAX_TAKEOVERS} times before it became final`,
    };
    return fail(error);
  }
  const assistant = await deps.assistants.find(work.assistant ?? null);
  if (assistant === null) {
    const detail = `the assistants file has no assistant ${work.assistant} any more`;
    return fail({ code: 'assistant_not_found', detail });
  }
  const { exchanges } = assistant;
  const history = work.history ?? (await lastBefore(database, work, exchanges));
  const pictures = work.pictures === null ? [] : await picturesOfTurn(database, work);
  const candidates = deps.models
    .candidatesOf(assistant, 'reply')
    .filter(({ takesPictures }) => takesPictures || pictures.length === 0);
  if (candidates.length === 0) return fail(noModelForPictures(assistant.name));
  const prompt = promptOfTurn(assistant, work, { history, pictures });
  const sink = mayNeedReview(policy, work.text)
    ? NO_DELTAS
    : deps.deltas.open(work.turnId, { epoch: work.epoch, attempt: attempts });
  let restarts = 0;
  // The number of a generation grows with each restart, and never falls behind the attempts of the row.
  const restart = () => sink.restart(work.attempts + (restarts += 1));
  const spending = deps.budgets.ofTurn(work);
  const outputTokens = assistant.parameters.maxOutputTokens ?? BUDGET_OUTPUT_TOKENS;
  const screening = new Screening(deps, policy, work.text, signal);
  try {
    const onFailed = (message: string) => (error: ModelError, fields: object) => {
      attempts += 1;
      restart();
      log.warn({ turn_id: work.turnId, code: error.code, ...fields }, message);
    };
    const onRetry = onFailed('A model call failed and will be retried.');
    const onFallback = onFailed('A model call failed; the next model of the assistant is called.');
    const completion = await completeWithFallback(candidates, {
      forMs: deps.modelRetryMs - runningMs(work),
      onFallback: (error, { name }) => onFallback(error, { model: name }),
      complete: async ({ name, model, countTokens }, forMs) =>
        completeFitted(
          budgeted(partial.of(model), { spending, countTokens, outputTokens }),
          {
            prompt,
            kept: await fitting(prompt, assistant.maxInputTokens, countTokens),
            signal,
            onDelta: (text) => sink.write(text),
            onVoid: () => restart(),
          },
          {
            max: deps.modelAttempts,
            forMs,
            pause: deps.pause(work.userId),
            onRetry: (error, failed) => onRetry(error, { model: name, failed }),
          },
        ),
    }).finally(() => sink.end());
    return await commitCompletion(deps, work, { completion, attempts, screening }, signal);
  } catch (error) {
    screening.abandon();
    if (error instanceof ModelError) return await fail({ code: error.code, detail: error.message });
    if (error instanceof ChargeLost) return { status: 'lost' };
    if (error instanceof BudgetExhausted) {
      const { roomAt, message: detail } = error;
      if (roomAt === null) return await fail({ code: 'budget_exhausted', detail });
      // The attempt that needs the tokens did not begin.
      const done = await commitUntilDone(() => postponeTurn(database, work, attempts - 1, roomAt), signal);
      return { status: done ? 'postponed' : 'lost' };
    }
    signal.throwIfAborted();
    if (mayPass(error)) throw error;
    // The text of the error may contain text of the reply.
    const { name, code } = error as { readonly name?: string; readonly code?: string };
    log.error({ turn_id: work.turnId, error: name, code }, 'A reply could not be processed or stored.');
    return await fail(INTERNAL_ERROR);
  }
}

/** Another call of the model would cost the same, and its reply would meet the same error. */
const INTERNAL_ERROR: TurnError = {
  code: 'internal_error',
  detail: 'the reply of the model could not be processed or stored',
};

/** When the turn was accepted, the assistant had a model that takes pictures. */
const noModelForPictures = (assistant: string): TurnError => ({
  code: 'pictures_not_accepted',
  detail: `the message has pictures, and no model of the assistant ${assistant} takes pictures any more`,
});

interface Answered {
  readonly completion: Completion;
  readonly attempts: number;
  readonly screening: Screening;
}

/** Screens the reply, and delivers it or parks it for review. */
async function commitCompletion(
  { database, reviewDeadlineS }: AnswerDeps,
  work: Work,
  { completion, attempts, screening }: Answered,
  signal: AbortSignal,
): Promise<AnswerOutcome> {
  const { text: reply, ...rest } = completion;
  const answer = { reply, ...rest };
  const reasons = await screening.reasons(reply);
  if (reasons.length > 0) {
    const parking = { reviewId: newId(), auditId: newId(), reasons, deadlineS: reviewDeadlineS };
    const data = await commitUntilDone(() => parkTurn(database, work, attempts, answer, parking), signal);
    if (!data) return { status: 'lost' };
    const { userId } = work;
    const event = {
      eventId: parking.reviewId,
      topic: 'human-review',
      userId,
      data,
      traceparent: traceparent(),
    } as const;
    return { status: 'awaiting_review', events: [event] };
  }
  const events = deliveryEvents(work, reply, traceparent());
  const finishedAt = await commitUntilDone(() => commitAnswer(database, work, attempts, answer, events), signal);
  if (!finishedAt) return { status: 'lost' };
  return { status: 'completed', events, turn: completedTurn(work, attempts, answer, finishedAt) };
}

/** The turn as its row is after the commit. */
const completedTurn = (work: Work, attempts: number, answer: ModelReply, finishedAt: Date): Turn => {
  const { turnId, userId, sessionId, seq, epoch, follows, assistant = null, text, metadata, tags, startedAt } = work;
  const createdAt = new Date(work.createdAt);
  return {
    ...queuedTurn({ turnId, userId, sessionId, seq, assistant, text, metadata, tags, createdAt }),
    ...answer,
    status: 'completed',
    epoch,
    follows,
    attempts,
    startedAt: new Date(startedAt),
    finishedAt,
  };
};
