// Services in memory, for tests of the HTTP surface only: everything else is tested on the real thing.
import { newId } from '../../../src/domain/ids.ts';
import type { Services } from '../../../src/http/services.ts';
import { NO_HISTORY, patchMemory, unknownUser, type Remembered } from '../../../src/domain/memory.ts';
import { refusalOf, type AcceptOutcome, type NewTurn } from '../../../src/domain/accept.ts';
import type { CancelOutcome } from '../../../src/turns/cancellation.ts';
import type { ConversationRow } from '../../../src/domain/conversation.ts';
import { memoryWebhooks } from './memory-webhooks.ts';
import { memoryFeed, memoryReviews } from './memory-reviews.ts';
import { isSettled, isFinal, type Turn } from '../../../src/domain/turn.ts';
import { ownerHashOf, type Erasure } from '../../../src/domain/erasure.ts';
import { TurnEvents } from '../../../src/domain/turn-events.ts';

interface Kept {
  turn: Turn;
  readonly requestHash: string;
  readonly key: string | null;
}

export class MemoryServices {
  readonly kept = new Map<string, Kept>();
  readonly rows: ConversationRow[] = [];
  readonly memories = new Map<string, Remembered>();
  readonly #listeners = new Set<() => void>();
  /** Every turn that `accept` was asked for. */
  readonly asked: NewTurn[] = [];
  /** Waits under way. */
  waiting = 0;
  draining = false;
  /** Set: every call of that dependency fails so. */
  failure: Error | null = null;
  waitFailure: Error | null = null;
  down: string | null = null;
  /** Set: the next accept is answered so. */
  nextOutcome: AcceptOutcome | null = null;
  days: [string, string] | null = null;

  /** Changes a turn, and tells who waits for it. */
  change(turnId: string, change: Partial<Turn>): void {
    const kept = this.kept.get(turnId)!;
    kept.turn = { ...kept.turn, ...change };
    for (const listener of this.#listeners) listener();
  }

  /** A stored turn. */
  add(given: Partial<Turn> & { userId: string }): Turn {
    const of = [...this.kept.values()].filter(({ turn }) => turn.userId === given.userId);
    const turn: Turn = {
      turnId: newId(),
      sessionId: newId(),
      seq: of.length + 1,
      status: 'queued',
      epoch: 0,
      text: 'Hi',
      reply: null,
      partialReply: null,
      metadata: {},
      tags: [],
      error: null,
      attempts: 0,
      usage: null,
      model: null,
      createdAt: new Date('2026-01-01T00:00:00Z'),
      startedAt: null,
      finishedAt: null,
      review: null,
      ...given,
    };
    this.kept.set(turn.turnId, { turn, requestHash: '', key: null });
    return turn;
  }

  #check(): void {
    if (this.failure) throw this.failure;
  }

  #accept(turn: NewTurn): AcceptOutcome {
    this.asked.push(turn);
    this.#check();
    if (this.nextOutcome) return this.nextOutcome;
    const all = [...this.kept.values()];
    const earlier =
      all.find((kept) => kept.turn.userId === turn.userId && kept.key !== null && kept.key === turn.idempotencyKey) ??
      null;
    const sessionOwner = all.find((kept) => kept.turn.sessionId === turn.sessionId)?.turn.userId ?? null;
    const busy = all.some(
      ({ turn: { userId, status } }) => userId === turn.userId && ['queued', 'running'].includes(status),
    );
    const refusal = refusalOf(
      turn,
      { erasing: false, earlier, sessionOwner, waiting: 0, busy, joins: false },
      { perUser: 100, ofAll: 100, queuedOfAll: 0 },
    );
    if (refusal) return refusal;
    const { userId, text, metadata, sessionId, tags, requestHash, idempotencyKey: key } = turn;
    const accepted = this.add({ userId, text, metadata, sessionId, tags, createdAt: new Date() });
    this.kept.set(accepted.turnId, { turn: accepted, requestHash, key });
    return { outcome: 'accepted', turn: accepted, cancelled: null };
  }

  #cancel(turnId: string): CancelOutcome {
    this.#check();
    const turn = this.kept.get(turnId)?.turn;
    if (!turn) return { outcome: 'unknown' };
    if (isFinal(turn.status)) return { outcome: turn.status === 'cancelled' ? 'cancelled' : 'finished', turn };
    this.change(turnId, { status: 'cancelled' });
    return { outcome: 'cancelled', turn: this.kept.get(turnId)!.turn };
  }

  async #wait(turn: Turn, timeoutMs: number, signal: AbortSignal): Promise<Turn> {
    if (this.waitFailure) throw this.waitFailure;
    this.waiting += 1;
    const now = () => this.kept.get(turn.turnId)!.turn;
    const over = () =>
      isSettled(now().status) && !(turn.status === 'awaiting_review' && now().status === 'awaiting_review');
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!over() && !signal.aborted) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        resolve();
      }, timeoutMs);
      this.#listeners.add(look);
      signal.addEventListener('abort', look);
      look();
    });
    this.waiting -= 1;
    for (const listener of this.#listeners) listener();
    return now();
  }

  #remembered = (userId: string): Remembered =>
    this.memories.get(userId) ?? { memory: unknownUser(userId), history: NO_HISTORY };

  readonly services: Services = {
    turns: {
      accept: async (turn) => this.#accept(turn),
      find: async (turnId) => {
        this.#check();
        return this.kept.get(turnId)?.turn ?? null;
      },
      list: async (userId, { status, sessionId, beforeSeq = Infinity, limit }) =>
        [...this.kept.values()]
          .map(({ turn }) => turn)
          .filter((turn) => turn.userId === userId && turn.seq < beforeSeq)
          .filter((turn) => (status ?? turn.status) === turn.status && (sessionId ?? turn.sessionId) === turn.sessionId)
          .toSorted((a, b) => b.seq - a.seq)
          .slice(0, limit),
      cancel: async (turnId) => this.#cancel(turnId),
      waitUntilSettled: (turn, { timeoutMs, signal }) => this.#wait(turn, timeoutMs, signal),
    },
    turnEvents: {
      follow: async function* (turn, from) {
        yield* new TurnEvents(from).turn(turn);
      },
    },
    conversations: {
      ofSession: async (sessionId) => {
        const rows = this.rows.filter((row) => row.sessionId === sessionId);
        return rows.length === 0 ? null : { userId: rows[0]!.userId, rows };
      },
      ofUser: async (userId, { tag, from, to, after, limit }) =>
        this.rows
          .filter((row) => row.userId === userId && (tag === undefined || row.tags.includes(tag)))
          .filter(({ createdAt }) => (!from || createdAt >= from) && (!to || createdAt < to))
          .filter(({ seq, ordinal }) => !after || seq > after.seq || (seq === after.seq && ordinal > after.ordinal))
          .slice(0, limit),
    },
    reviews: memoryReviews(),
    webhooks: memoryWebhooks(),
    reviewFeed: memoryFeed,
    memory: {
      read: async (userId) => {
        this.#check();
        return this.#remembered(userId).memory;
      },
      patch: async (userId, patch) => {
        const next = patchMemory(this.#remembered(userId), patch, new Date());
        this.memories.set(userId, next);
        return next.memory;
      },
      history: async (userId) => this.#remembered(userId).history,
      forget: async (userId) => void this.memories.delete(userId),
    },
    analytics: {
      initialize: async () => {},
      ofUser: async () => NO_ACTIVITY,
      byDay: async (from, to) => {
        this.days = [from, to];
        return [{ day: to, ...NO_ACTIVITY, messageCount: 2, byStatus: { completed: 2 } }];
      },
    },
    erasures: {
      begin: async (userId) => erasureOf(userId),
      find: async (id) => (id === ERASURE_ID ? erasureOf('alice') : null),
    },
    overview: { read: async () => NO_OVERVIEW },
    deadLetters: {
      list: async () => [DEAD_LETTER],
      replay: async () => true,
      remove: async () => true,
    },
    health: {
      checks: {
        database: () => this.#probe('database'),
        redis: () => this.#probe('redis'),
        actors: () => this.#probe('actors'),
      },
      draining: () => this.draining,
    },
    metrics: { text: async () => '# HELP nothing\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' },
  };

  async #probe(name: string): Promise<void> {
    if (this.down === name) throw new Error('secret address 10.0.0.1');
  }

  /** Resolves once so many waits are under way. */
  async waits(count: number): Promise<void> {
    while (this.waiting !== count) await new Promise((resolve) => setImmediate(resolve));
  }
}

const DEAD_LETTER = {
  topic: 'messages' as const,
  jobId: '7',
  userId: 'alice',
  failedAt: new Date('2026-01-01T00:00:00Z'),
  attempts: 8,
  reason: 'it broke',
  data: { user_id: 'alice' },
};

const NO_OVERVIEW = {
  rows: {
    turns: { queued: 0, running: 0, awaitingReview: 0 },
    oldestWaitingS: null,
    byHour: [],
    failures: [],
    takeovers: 0,
    model: { requests: 0, errors: 0, latencyP50S: null, latencyP95S: null, inputTokens: 0, outputTokens: 0 },
  },
  outbox: { waiting: 0, ageS: 0 },
  topics: null,
};

/** The erasure there is: alice's. */
export const ERASURE_ID = '018f0000-0000-7000-8000-000000000003';

const erasureOf = (userId: string): Erasure => ({
  erasureId: ERASURE_ID,
  status: 'running',
  requestedAt: new Date('2026-01-01T00:00:00Z'),
  finishedAt: null,
  ownerHash: ownerHashOf(ERASURE_ID, userId),
});

const NO_ACTIVITY = {
  messageCount: 0,
  byStatus: {},
  reviewed: 0,
  inputTokens: 0,
  outputTokens: 0,
  firstAt: null,
  lastAt: null,
};
