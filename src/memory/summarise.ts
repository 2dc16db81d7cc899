// Renewing a user's summary: the last delivered exchanges, one model call, and the actor stores what came of it.
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Log } from '../telemetry/log.ts';
import { completeWithin } from '../model/attempts.ts';
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

/** The model's sentence; null where it gave none: then the old one stays. */
async function ask(
  deps: SummariseDeps,
  userId: string,
  memory: MemoryRecord,
  exchanges: ConversationRow[],
): Promise<string | null> {
  const messages = summaryPromptOf({ userId, previous: memory.summary, exchanges });
  try {
    const request = { messages, signal: new AbortController().signal };
    return summaryOf((await completeWithin(deps.model, request, { most: deps.modelAttempts })).text);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    deps.log.warn({ user_id: userId, code: error.code }, 'The model gave no summary.');
    return null;
  }
}

/** What serves instead of the model's sentence: the summary there is, or the tutorials' words where there is none. */
function fallback(userId: string, memory: MemoryRecord): string {
  const unknown = [unknownUser(userId).summary, noHistorySummary(userId)].includes(memory.summary);
  return unknown ? failedSummary(userId) : memory.summary;
}

/** Renews the user's summary if something was delivered since; safe to repeat. Rejects with Unavailable or
 *  ActorsUnavailable. */
export async function summarise(deps: SummariseDeps, userId: string): Promise<void> {
  const memory = await deps.actors.call(userId, 'memory', {});
  const exchanges = await lastOfUser(deps.database, userId, memory.forgottenSeq, EXCHANGES);
  const throughSeq = exchanges.at(-1)?.seq ?? 0;
  if (throughSeq <= memory.throughSeq) return;
  const summary = (await ask(deps, userId, memory, exchanges)) ?? fallback(userId, memory);
  const turnIds = [...new Set(exchanges.map(({ turnId }) => turnId))];
  await deps.actors.call(userId, 'renewSummary', { summary, throughSeq, turnIds });
}
