// Asks the models of an assistant for one answer of a turn.
import type { Work } from '../actors/user-session.ts';
import type { Assistant } from '../domain/assistants/assistant.ts';
import { BUDGET_OUTPUT_TOKENS, type Spending } from '../domain/budgets/budget.ts';
import type { DeltaSink } from '../domain/delta.ts';
import type { TurnError } from '../domain/turn.ts';
import type { Pause } from '../model/attempts.ts';
import { budgeted } from '../model/budgeted.ts';
import { completeWithFallback, type Candidate } from '../model/fallback.ts';
import { completeFitted, fitting, type Prompt } from '../model/fitted-prompt.ts';
import type { Completion, CompletionRequest, ModelError, OfferedTool } from '../model/model.ts';
import type { ModelPool } from '../model/model-pool.ts';
import type { Log } from '../telemetry/log.ts';
import type { CallCount } from './call-count.ts';
import type { PartialReply } from './partial-reply.ts';

export interface AskDeps {
  readonly models: Pick<ModelPool, 'candidatesOf'>;
  /** Maximum number of attempts of a call; null: no limit of its own. */
  readonly modelAttempts: number | null;
  /** Milliseconds since the first claim of a turn in which failed calls are retried. */
  readonly modelRetryMs: number;
  /** Waits before a call of this user's turn is retried. */
  readonly pause: (userId: string) => Pause;
  readonly log: Log;
}

/** The turn whose answer is asked for. */
export type AskedTurn = Pick<
  Work,
  'turnId' | 'userId' | 'pictures' | 'queuedS' | 'createdAt' | 'startedAt' | 'retryFrom'
>;

/** Milliseconds from the first claim of the turn, or from the first one after its retry or a decision on a call, to this claim, by
 *  the database's clock. That claim itself starts a little later than its transaction, from which `queuedS` is counted. */
const runningMs = ({ queuedS, createdAt, startedAt, retryFrom = startedAt }: AskedTurn): number =>
  Math.max(0, queuedS * 1_000 - (retryFrom - createdAt));

/** No model of the assistant can answer. */
export class NoModel extends Error {
  readonly turnError: TurnError;

  constructor(turnError: TurnError) {
    super(turnError.detail);
    this.turnError = turnError;
  }
}

/** No model of the assistant takes tools, by its profile. */
const noModelForTools = (assistant: string): TurnError => ({
  code: 'tools_not_accepted',
  detail: `the turn has tools, and the assistant ${assistant} has no model that takes any`,
});

/** When the turn was accepted, the assistant had a model that takes pictures. */
const noModelForPictures = (assistant: string): TurnError => ({
  code: 'pictures_not_accepted',
  detail: `the message has pictures, and no model of the assistant ${assistant} takes pictures any more`,
});

export interface Asking {
  readonly work: AskedTurn;
  readonly assistant: Assistant;
  readonly calls: CallCount;
  readonly partial: Pick<PartialReply, 'of'>;
  readonly prompt: Prompt;
  readonly tools: readonly OfferedTool[];
  /** How the model has to use the tools. */
  readonly use: Pick<CompletionRequest, 'toolChoice' | 'parallelToolCalls'>;
  readonly sink: DeltaSink;
  /** Null: there are no budgets. */
  readonly spending: Spending | null;
  /** Milliseconds that tools took. */
  readonly ranMs: number;
}

/** One answer of the models. Rejects with NoModel, with a ModelError, as `Spending.reserve` does, or with the signal's reason. */
export async function askModel(deps: AskDeps, asking: Asking, signal: AbortSignal): Promise<Completion> {
  const { work, assistant, calls, partial, prompt, tools, use, sink, spending, ranMs } = asking;
  const outputTokens = assistant.parameters.maxOutputTokens ?? BUDGET_OUTPUT_TOKENS;
  const candidates = candidatesFor(deps, asking);
  const restart = () => sink.restart(calls.restart());
  if (calls.next()) restart();
  const onFailed = (message: string) => (error: ModelError, fields: object) => {
    calls.next();
    restart();
    deps.log.warn({ turn_id: work.turnId, code: error.code, ...fields }, message);
  };
  const onRetry = onFailed('A model call failed and will be retried.');
  const onFallback = onFailed('A model call failed; the next model of the assistant is called.');
  return completeWithFallback(candidates, {
    forMs: deps.modelRetryMs - runningMs(work) + ranMs,
    onFallback: (error, { name }) => onFallback(error, { model: name }),
    complete: async ({ name, model, countTokens }, forMs) =>
      completeFitted(
        budgeted(partial.of(model), { spending, countTokens, outputTokens }),
        {
          prompt,
          kept: await fitting(prompt, assistant.maxInputTokens, countTokens, tools),
          ...(tools.length > 0 && { tools, ...use }),
          signal,
          onDelta: (text) => sink.write(text),
          onVoid: restart,
        },
        {
          max: deps.modelAttempts,
          forMs,
          pause: deps.pause(work.userId),
          onRetry: (error, failed) => onRetry(error, { model: name, failed }),
        },
      ),
  });
}

/** The models that take what the prompt has. @throws NoModel */
function candidatesFor(
  { models }: AskDeps,
  { assistant, work, tools }: Pick<Asking, 'assistant' | 'work' | 'tools'>,
): readonly Candidate[] {
  const all = models.candidatesOf(assistant, 'reply');
  const forPictures = all.filter(({ takesPictures }) => takesPictures || !work.pictures);
  if (forPictures.length === 0) throw new NoModel(noModelForPictures(assistant.name));
  const candidates = forPictures.filter(({ takesTools }) => takesTools || tools.length === 0);
  if (candidates.length === 0) throw new NoModel(noModelForTools(assistant.name));
  return candidates;
}
