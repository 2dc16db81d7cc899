// Renews a user's summary: reads the last delivered exchanges, calls the model once, and stores the result through the
// actor.
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Log } from '../telemetry/log.ts';
import { completeWithRetries } from '../model/attempts.ts';
import { ModelError, type Model } from '../model/model.ts';
import { lastOfUser } from '../store/conversations.ts';
import type { Database } from '../store/database.ts';
import type { ConversationRow } from '../domain/conversation.ts';
import { unknownUser, type MemoryRecord } from '../domain/memory.ts';
import { failedSummary, noHistorySummary, summaryOf, summaryPromptOf } from './prompt.ts';

const EXCHANGES = 5;

export interface SummariseDeps {
  readonly database: Database;
  readonly actors: ActorRuntime;
  readonly model: Model;
  readonly modelAttempts: number;
  readonly log: Log;
}

/** Asks the model for a summary; null: the model returned none, and the caller uses `fallback`. */
async function requestSummary(
  deps: SummariseDeps,
  userId: string,
  memory: MemoryRecord,
  exchanges: ConversationRow[],
): Promise<string | null> {
  const messages = summaryPromptOf({ userId, previous: memory.summary, exchanges });
  try {
    const request = { messages, signal: new AbortController().signal };
    return summaryOf((await completeWithRetries(deps.model, request, { max: deps.modelAttempts })).text);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    deps.log.warn({ user_id: userId, code: error.code }, 'The model gave no summary.');
    return null;
  }
}

/** The summary if the model returned none: the current one, or a default if the user has none yet. */
function fallback(userId: string, memory: MemoryRecord): string {
  const unknown = [unknownUser(userId).summary, noHistorySummary(userId)].includes(memory.summary);
  return unknown ? failedSummary(userId) : memory.summary;
}

/** Renews the user's summary if messages were delivered since the last one. Idempotent. @throws Unavailable */
export async function summarise(deps: SummariseDeps, userId: string): Promise<void> {
  const memory = await deps.actors.call(userId, 'memory', {});
  const exchanges = await lastOfUser(deps.database, userId, memory.forgottenSeq, EXCHANGES);
  const throughSeq = exchanges.at(-1)?.seq ?? 0;
  if (throughSeq <= memory.throughSeq) return;
  const summary = (await requestSummary(deps, userId, memory, exchanges)) ?? fallback(userId, memory);
  const turnIds = [...new Set(exchanges.map(({ turnId }) => turnId))];
  await deps.actors.call(userId, 'renewSummary', { summary, throughSeq, turnIds });
}
