// Answers one claimed turn: reads the last exchanges, calls the model and the tools that it asks for, screens the reply, and
// commits under the claim's epoch.
import type { Work } from '../actors/user-session.ts';
import type { Assistant } from '../domain/assistants/assistant.ts';
import { NO_DELTAS, type DeltaWriter } from '../domain/delta.ts';
import { BudgetExhausted, ChargeLost } from '../domain/budgets/budget.ts';
import { mayNeedReview, type ReviewPolicy } from '../domain/policy.ts';
import { totalUsage, type Journal } from '../domain/tools/step.ts';
import type { TurnError } from '../domain/turn.ts';
import { ModelError, type Completion, type Moderator } from '../model/model.ts';
import type { Budgets } from '../store/budgets/budgets.ts';
import { postponeTurn } from '../store/budgets/postponed.ts';
import { commitFailure, type ModelReply } from '../store/commit-turn.ts';
import { lastBefore } from '../store/conversations.ts';
import { mayPass, type Database } from '../store/database.ts';
import { picturesOfTurn } from '../store/pictures/turn-pictures.ts';
import { readJournals } from '../store/steps/journal.ts';
import { askModel, NoModel, type AskDeps } from './ask-model.ts';
import { CallCount } from './call-count.ts';
import type { LiveAssistants } from './live-assistants.ts';
import type { PartialReply } from './partial-reply.ts';
import { promptOfTurn, type ReadForPrompt } from './prompt.ts';
import { Screening } from './screening.ts';
import { ToolSteps, type ToolStepsDeps } from './tool-steps.ts';
import { commitReply, commitUntilDone, parkForCall, type AnswerOutcome, type CommitDeps } from './turn-commits.ts';

/** A turn whose claim lapsed this often fails: it probably crashes its workers. The claim counts a takeover before the
 *  model is called again. */
const MAX_TAKEOVERS = 10;

export interface AnswerDeps extends AskDeps, ToolStepsDeps, CommitDeps {
  readonly moderator: Moderator;
  /** Sends the reply text to readers while the model writes it. */
  readonly deltas: DeltaWriter;
  readonly assistants: Pick<LiveAssistants, 'find'>;
  readonly budgets: Pick<Budgets, 'ofTurn'>;
}

/** A claimed turn, what records the text that its models write, and the policy. */
export interface ClaimedWork {
  readonly work: Work;
  readonly partial: Pick<PartialReply, 'of' | 'void'>;
  /** The same version from the claim to the commit, so that streaming and the commit apply the same rules. */
  readonly policy: ReviewPolicy;
}

/** Answers the claimed turn. Rejects with the signal's reason when the signal aborts. A commit that has started then is
 *  not undone. @throws Unavailable */
export async function answerTurn(deps: AnswerDeps, claimed: ClaimedWork, signal: AbortSignal): Promise<AnswerOutcome> {
  const { database, log } = deps;
  const { work } = claimed;
  const calls = new CallCount(work.attempts);
  const fail = async (error: TurnError): Promise<AnswerOutcome> => {
    const done = await commitUntilDone(() => commitFailure(database, work, calls.forFailure, error), signal);
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
  const screening = new Screening(deps, claimed.policy, work.text, signal);
  try {
    return await answerWith(deps, { ...claimed, assistant, calls, screening }, signal);
  } catch (error) {
    screening.abandon();
    if (error instanceof NoModel) return await fail(error.turnError);
    if (error instanceof ChargeLost) return { status: 'lost' };
    if (error instanceof BudgetExhausted) {
      const { roomAt, message: detail } = error;
      if (roomAt === null) return await fail({ code: 'budget_exhausted', detail });
      // The attempt that needs the tokens did not begin.
      const done = await commitUntilDone(() => postponeTurn(database, work, calls.begun - 1, roomAt), signal);
      return { status: done ? 'postponed' : 'lost' };
    }
    if (error instanceof ModelError) return await fail({ code: error.code, detail: error.message });
    signal.throwIfAborted();
    if (mayPass(error)) throw error;
    // The text of the error may contain text of the reply.
    const { name, code } = error as { readonly name?: string; readonly code?: string };
    log.error({ turn_id: work.turnId, error: name, code }, 'A reply could not be processed or stored.');
    return await fail(INTERNAL_ERROR);
  }
}

interface Answering extends ClaimedWork {
  readonly assistant: Assistant;
  readonly calls: CallCount;
  readonly screening: Screening;
}

/** Calls the model until it answers without asking for tools, or until a person has to decide on a call. */
async function answerWith(deps: AnswerDeps, answering: Answering, signal: AbortSignal): Promise<AnswerOutcome> {
  const { database } = deps;
  const { work, assistant, calls, partial, policy } = answering;
  const read = await readForPrompt(database, assistant, work);
  const steps = new ToolSteps(deps, work, assistant, read.journal);
  const spending = deps.budgets.ofTurn(work);
  const sink = mayNeedReview(policy, work.text)
    ? NO_DELTAS
    : deps.deltas.open(work.turnId, { epoch: work.epoch, attempt: work.attempts });
  try {
    for (;;) {
      const ran = await steps.run(signal);
      if (ran === 'lost') return { status: 'lost' };
      if (ran !== 'done') {
        const parked = await parkForCall(deps, work, calls.begun, ran, signal);
        // The outcome of the call was recorded meanwhile.
        if (parked === 'changed') return { status: 'lost' };
        return parked;
      }
      const tools = await steps.offered();
      const prompt = promptOfTurn(assistant, work, { ...read, journal: steps.journal });
      const completion = await askModel(
        deps,
        { ...answering, prompt, tools, sink, spending, ranMs: steps.ranMs },
        signal,
      );
      if (tools.length === 0 || (completion.toolCalls ?? []).length === 0) {
        const reasons = await answering.screening.reasons(completion.text);
        const answered = { answer: finalAnswer(completion, steps), attempts: calls.begun, reasons };
        return await commitReply(deps, work, { ...answered, hasSteps: steps.journal.length > 0 }, signal);
      }
      partial.void();
      if (!(await steps.propose(completion, tools, calls.begun, signal))) return { status: 'lost' };
    }
  } finally {
    sink.end();
  }
}

/** What a claim does not contain. */
async function readForPrompt(database: Database, assistant: Assistant, work: Work): Promise<ReadForPrompt> {
  const history = work.history ?? (await lastBefore(database, work, assistant.exchanges));
  const pictures = work.pictures === null ? [] : await picturesOfTurn(database, work);
  const earlier = history.flatMap(({ journal, turnId }) => (journal && turnId !== undefined ? [turnId] : []));
  const withJournal = [...(work.journal ? [work.turnId] : []), ...earlier];
  const journals = withJournal.length === 0 ? new Map<string, Journal>() : await readJournals(database, withJournal);
  return { history, pictures, journals, journal: journals.get(work.turnId) ?? [] };
}

/** The reply with the usage of all answers of the turn. */
function finalAnswer({ text: reply, model, usage, finishReason }: Completion, steps: ToolSteps): ModelReply {
  const isLimited = steps.left === 0 && steps.hasTools && finishReason === 'stop';
  return {
    reply,
    model,
    usage: totalUsage(steps.journal, usage),
    finishReason: isLimited ? 'tool_limit' : finishReason,
  };
}

/** Another call of the model would cost the same, and its reply would meet the same error. */
const INTERNAL_ERROR: TurnError = {
  code: 'internal_error',
  detail: 'the reply of the model could not be processed or stored',
};
