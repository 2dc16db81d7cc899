// Renews a user's summary: reads the exchanges that were delivered last, calls the model once, and stores the result
// through the actor.
import { withoutMemory, type AssistantSource } from '../domain/assistants/assistant.ts';
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Log } from '../telemetry/log.ts';
import { BUDGET_OUTPUT_TOKENS, BudgetExhausted, ChargeLost, type Spending } from '../domain/budgets/budget.ts';
import { sideAttempts } from '../model/attempts.ts';
import { budgeted } from '../model/budgeted.ts';
import { completeWithFallback } from '../model/fallback.ts';
import { completeFitted, fitting, type Prompt } from '../model/fitted-prompt.ts';
import { ModelError } from '../model/model.ts';
import type { ModelPool } from '../model/model-pool.ts';
import type { Budgets } from '../store/budgets/budgets.ts';
import { postponeSummary } from '../store/budgets/postponed.ts';
import { lastDelivered } from '../store/conversations.ts';
import { dueSummaryMark, summaryRenewed } from '../store/due-summaries.ts';
import type { Database } from '../store/database.ts';
import type { ConversationRow } from '../domain/conversation.ts';
import { isCovered, unknownUser, type MemoryRecord, type NewSummary } from '../domain/memory.ts';
import { failedSummary, noHistorySummary, summaryOf, summaryPromptOf } from './prompt.ts';

const EXCHANGES = 5;

export interface SummariseDeps {
  readonly database: Database;
  readonly actors: ActorRuntime;
  readonly assistants: AssistantSource;
  readonly models: Pick<ModelPool, 'candidatesOf'>;
  readonly budgets: Pick<Budgets, 'ofSummary'>;
  /** Maximum number of attempts of a call; null: no limit of its own. */
  readonly modelAttempts: number | null;
  /** Milliseconds in which failed calls are retried. */
  readonly modelRetryMs: number;
  readonly log: Log;
}

/** What a summary is made from. */
interface Given {
  readonly userId: string;
  readonly memory: MemoryRecord;
  readonly exchanges: ConversationRow[];
}

/** Asks the model for a summary; null: the model returned none, or its call never fits into a budget, and the caller uses
 *  `fallback`. @throws BudgetExhausted, ChargeLost */
async function requestSummary(
  deps: SummariseDeps,
  { userId, memory, exchanges }: Given,
  spending: Spending | null,
): Promise<string | null> {
  const { standard } = deps.assistants.current;
  const turns = [...Map.groupBy(exchanges, ({ turnId }) => turnId).values()];
  const prompt: Prompt = {
    // The last exchange is always part of it.
    exchanges: turns.slice(0, -1),
    messages: (kept) => summaryPromptOf({ userId, previous: memory.summary, exchanges: turns.slice(-1 - kept).flat() }),
  };
  try {
    const completion = await completeWithFallback(deps.models.candidatesOf(standard, 'summary'), {
      forMs: deps.modelRetryMs,
      complete: async ({ model, countTokens }, forMs) => {
        const kept = await fitting(prompt, standard.maxInputTokens, countTokens);
        const { signal } = new AbortController();
        const outputTokens = standard.summaryParameters.maxOutputTokens ?? BUDGET_OUTPUT_TOKENS;
        const counted = budgeted(model, { spending, countTokens, outputTokens });
        return completeFitted(counted, { prompt, kept, signal }, sideAttempts(deps.modelAttempts, forMs));
      },
    });
    return summaryOf(completion.text);
  } catch (error) {
    const code = codeOf(error);
    if (code === null) throw error;
    deps.log.warn({ user_id: userId, code }, 'The model gave no summary.');
    return null;
  }
}

/** The code of an error with which there will be no summary of these exchanges; null: of another error. */
function codeOf(error: unknown): string | null {
  if (error instanceof ModelError) return error.code;
  return error instanceof BudgetExhausted && error.roomAt === null ? 'budget_exhausted' : null;
}

/** The summary if the model returned none: the current one, or a default if the user has none yet. */
function fallback(userId: string, memory: MemoryRecord): string {
  const unknown = [unknownUser(userId).summary, noHistorySummary(userId)].includes(memory.summary);
  return unknown ? failedSummary(userId) : memory.summary;
}

/** Whether the stored summary was made from these deliveries, or from later ones. */
async function isStored(
  { actors }: SummariseDeps,
  userId: string,
  memory: MemoryRecord,
  next: Omit<NewSummary, 'summary'>,
) {
  // Most renewals cover a later turn: they need no call of the actor.
  if (next.throughSeq > memory.throughSeq) return false;
  return isCovered({ memory, history: await actors.call(userId, 'history', {}) }, next);
}

/** `postponed`: a budget has no room for the summary now, so it stays due; or a delivery or an erasure came in between. */
async function unlessPostponed(
  { database }: SummariseDeps,
  { userId, mark }: { readonly userId: string; readonly mark: string },
  request: () => Promise<string | null>,
): Promise<{ readonly summary: string | null } | 'postponed'> {
  try {
    return { summary: await request() };
  } catch (error) {
    if (error instanceof ChargeLost) return 'postponed';
    if (!(error instanceof BudgetExhausted) || error.roomAt === null) throw error;
    await postponeSummary(database, userId, mark, error.roomAt);
    return 'postponed';
  }
}

/** Renews the user's summary if it is due. The mark is read first: a delivery meanwhile sets another one, and the summary
 *  stays due. If the process ends before the mark is removed, the summary is due again and found to be stored.
 *  Idempotent. @throws Unavailable */
export async function summarise(deps: SummariseDeps, userId: string): Promise<void> {
  const mark = await dueSummaryMark(deps.database, userId);
  if (mark === null) return;
  const memory = await deps.actors.call(userId, 'memory', {});
  const last = await lastDelivered(deps.database, userId, EXCHANGES, withoutMemory(deps.assistants.current));
  const exchanges = last.filter(({ seq }) => seq > memory.forgottenSeq);
  const throughSeq = Math.max(memory.throughSeq, ...exchanges.map(({ seq }) => seq));
  const turnIds = [...new Set(exchanges.map(({ turnId }) => turnId))];
  if (turnIds.length > 0 && !(await isStored(deps, userId, memory, { throughSeq, turnIds }))) {
    const requested = await unlessPostponed(deps, { userId, mark }, () =>
      requestSummary(deps, { userId, memory, exchanges }, deps.budgets.ofSummary(userId, mark)),
    );
    if (requested === 'postponed') return;
    const summary = requested.summary ?? fallback(userId, memory);
    await deps.actors.call(userId, 'renewSummary', { summary, throughSeq, turnIds });
  }
  await summaryRenewed(deps.database, userId, mark);
}
