// Services in memory, for tests of the HTTP layer only. All other tests use real services.
import { newId } from '../../../src/domain/ids.ts';
import type { Services } from '../../../src/http/services.ts';
import { NO_HISTORY, patchMemory, unknownUser, type UserMemory } from '../../../src/domain/memory.ts';
import { refusalOf, type AcceptOutcome, type NewTurn } from '../../../src/domain/accept.ts';
import type { CancelOutcome } from '../../../src/turns/cancellation.ts';
import type { ConversationRow } from '../../../src/domain/conversation.ts';
import { memoryWebhooks } from './memory-webhooks.ts';
import { memoryFeed, memoryReviews } from './memory-reviews.ts';
import { isSettled, isFinal, queuedTurn, type Turn } from '../../../src/domain/turn.ts';
import { ownerHashOf, type Erasure } from '../../../src/domain/erasure.ts';
import { TurnEvents } from '../../../src/domain/turn-events.ts';

interface StoredTurn {
  turn: Turn;
  readonly requestHash: string;
  readonly key: string | null;
}

export class MemoryServices {
  readonly stored = new Map<string, StoredTurn>();
  readonly rows: ConversationRow[] = [];
  readonly memories = new Map<string, UserMemory>();
  readonly #listeners = new Set<() => void>();
  /** The arguments of all calls of `accept`. */
  readonly accepts: NewTurn[] = [];
  /** Number of open waits. */
  openWaits = 0;
  draining = false;
  /** If set, calls of turns and memory fail with this error. */
  failure: Error | null = null;
  /** If set, waits fail with this error. */
  waitFailure: Error | null = null;
  /** The dependency whose health check fails. */
  down: string | null = null;
  /** If set, `accept` returns this outcome. */
  nextOutcome: AcceptOutcome | null = null;
  days: [string, string] | null = null;

  /** Changes a turn and notifies the open waits. */
  change(turnId: string, change: Partial<Turn>): void {
    const stored = this.stored.get(turnId)!;
    stored.turn = { ...stored.turn, ...change };
    for (const listener of this.#listeners) listener();
  }

  /** Stores a turn. Missing properties have default values. */
  add(given: Partial<Turn> & { userId: string }): Turn {
    const ofUser = [...this.stored.values()].filter(({ turn }) => turn.userId === given.userId);
    const parts = {
      turnId: newId(),
      userId: given.userId,
      sessionId: newId(),
      seq: ofUser.length + 1,
      assistant: 'turnkeeper',
      text: 'Hi',
      metadata: {},
      tags: [],
      createdAt: new Date('2026-01-01T00:00:00Z'),
    };
    const turn: Turn = { ...queuedTurn(parts), ...given };
    this.stored.set(turn.turnId, { turn, requestHash: '', key: null });
    return turn;
  }

  #check(): void {
    if (this.failure) throw this.failure;
  }

  #accept(turn: NewTurn): AcceptOutcome {
    this.accepts.push(turn);
    this.#check();
    if (this.nextOutcome) return this.nextOutcome;
    const all = [...this.stored.values()];
    const earlier =
      all.find(({ turn: { userId }, key }) => userId === turn.userId && key !== null && key === turn.idempotencyKey) ??
      null;
    const sessionOwner = all.find((stored) => stored.turn.sessionId === turn.sessionId)?.turn.userId ?? null;
    const busy = all.some(
      ({ turn: { userId, status } }) => userId === turn.userId && ['queued', 'running'].includes(status),
    );
    const refusal = refusalOf(
      turn,
      { erasing: false, earlier, sessionOwner, queued: 0, busy, joins: false },
      { perUser: 100, ofAll: 100, queuedOfAll: 0, rateRetryAfterS: null, budgetWaitS: null },
    );
    if (refusal) return refusal;
    const { userId, text, metadata, sessionId, tags, requestHash, idempotencyKey: key } = turn;
    const accepted = this.add({ userId, text, metadata, sessionId, tags, createdAt: new Date() });
    this.stored.set(accepted.turnId, { turn: accepted, requestHash, key });
    return { outcome: 'accepted', turn: accepted, cancelled: null };
  }

  #cancel(turnId: string): CancelOutcome {
    this.#check();
    const turn = this.stored.get(turnId)?.turn;
    if (!turn) return { outcome: 'unknown' };
    if (isFinal(turn.status)) return { outcome: turn.status === 'cancelled' ? 'cancelled' : 'final', turn };
    this.change(turnId, { status: 'cancelled' });
    return { outcome: 'cancelled', turn: this.stored.get(turnId)!.turn };
  }

  #retry(turnId: string): Turn | null {
    this.#check();
    const turn = this.stored.get(turnId)?.turn;
    if (turn?.status !== 'failed') return null;
    this.change(turnId, { status: 'queued', error: null, finishedAt: null });
    return this.stored.get(turnId)!.turn;
  }

  async #wait(turn: Turn, timeoutMs: number, signal: AbortSignal): Promise<Turn> {
    if (this.waitFailure) throw this.waitFailure;
    this.openWaits += 1;
    const current = () => this.stored.get(turn.turnId)!.turn;
    const isDone = () =>
      isSettled(current().status) && !(turn.status === 'awaiting_review' && current().status === 'awaiting_review');
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isDone() && !signal.aborted) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        resolve();
      }, timeoutMs);
      this.#listeners.add(check);
      signal.addEventListener('abort', check);
      check();
    });
    this.openWaits -= 1;
    for (const listener of this.#listeners) listener();
    return current();
  }

  #memoryOf = (userId: string): UserMemory =>
    this.memories.get(userId) ?? { memory: unknownUser(userId), history: NO_HISTORY };

  readonly services: Services = {
    turns: {
      accept: async (turn) => this.#accept(turn),
      find: async (turnId) => {
        this.#check();
        return this.stored.get(turnId)?.turn ?? null;
      },
      list: async (userId, { status, sessionId, beforeSeq = Infinity, limit }) =>
        [...this.stored.values()]
          .map(({ turn }) => turn)
          .filter((turn) => turn.userId === userId && turn.seq < beforeSeq)
          .filter((turn) => (status ?? turn.status) === turn.status && (sessionId ?? turn.sessionId) === turn.sessionId)
          .toSorted((a, b) => b.seq - a.seq)
          .slice(0, limit),
      before: async () => [],
      stepContents: async () => [],
      nextPictures: async () => null,
      clientRequests: async () => [],
      cancel: async (turnId) => this.#cancel(turnId),
      retry: async (turnId) => this.#retry(turnId),
      watch: (turnId) => ({
        find: async () => {
          this.#check();
          return this.stored.get(turnId)?.turn ?? null;
        },
        untilSettled: (turn, { timeoutMs, signal }) => this.#wait(turn, timeoutMs, signal),
        close: () => {},
      }),
      waitUntilSettled: (turn, { timeoutMs, signal }) => this.#wait(turn, timeoutMs, signal),
    },
    turnEvents: {
      follow: async function* (turn, from) {
        yield* new TurnEvents(from).turn(turn);
      },
    },
    conversations: {
      ofSession: async (sessionId, { after, limit }) => {
        const rows = this.rows.filter((row) => row.sessionId === sessionId);
        if (rows.length === 0) return null;
        const rest = rows.filter(
          ({ seq, ordinal }) => !after || seq > after.seq || (seq === after.seq && ordinal > after.ordinal),
        );
        const branches = [{ turnId: rows[0]!.turnId, createdAt: rows[0]!.createdAt }];
        return { userId: rows[0]!.userId, rows: rest.slice(0, limit), branches };
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
        return this.#memoryOf(userId).memory;
      },
      patch: async (userId, patch) => {
        const next = patchMemory(this.#memoryOf(userId), patch, new Date());
        this.memories.set(userId, next);
        return next.memory;
      },
      history: async (userId) => this.#memoryOf(userId).history,
      forget: async (userId) => void this.memories.delete(userId),
    },
    budgets: { statesOf: async () => [], charges: async () => [] },
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

  /** Resolves when the number of open waits is `count`. */
  async waits(count: number): Promise<void> {
    while (this.openWaits !== count) await new Promise((resolve) => setImmediate(resolve));
  }
}

const DEAD_LETTER = {
  topic: 'messages' as const,
  jobId: '7',
  userId: 'alice',
  failedAt: new Date('2026-01-01T00:00:00Z'),
  attempts: 8,
  reason: 'the consumer failed',
  data: { user_id: 'alice' },
};

const NO_OVERVIEW = {
  rows: {
    turns: { queued: 0, postponed: 0, running: 0, awaitingReview: 0 },
    oldestWaitingS: null,
    byHour: [],
    failures: [],
    assistants: [],
    takeovers: 0,
    model: { requests: 0, errors: 0, latencyP50S: null, latencyP95S: null, inputTokens: 0, outputTokens: 0 },
  },
  outbox: { unpublished: 0, ageS: 0 },
  topics: null,
};

/** The id of the only erasure, which is of alice. */
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
