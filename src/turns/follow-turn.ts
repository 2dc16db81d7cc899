// Follows a turn for one reader: reads the row after every change, reads the records of the reply stream, and yields
// the events that the reader has not seen.
import { wakeUp } from '../concurrency/wake-up.ts';
import { DELTA_LIMITS, DeltaBuffer } from './delta-buffer.ts';
import type { DeltaFeed, DeltaRecord } from '../domain/delta.ts';
import type { StreamPosition } from '../domain/stream-position.ts';
import { TurnEvents, type TurnEvent } from '../domain/turn-events.ts';
import type { TurnHints } from '../domain/events.ts';
import { isFinal, type Turn } from '../domain/turn.ts';

/** Poll interval of the row while hints arrive, and while they cannot arrive. */
const POLL_MS = 5_000;
const POLL_WITHOUT_HINTS_MS = 1_000;
/** Proxies close connections that are idle for 60 s, some after 30 s. */
const HEARTBEAT_MS = 15_000;

export interface FollowDeps {
  /** @throws Unavailable */
  readonly find: (turnId: string) => Promise<Turn | null>;
  readonly hints: TurnHints;
  readonly deltas: DeltaFeed;
  readonly heartbeatMs?: number;
}

/** A heartbeat means that no event was sent for a while. */
export type FollowedEvent = TurnEvent | { readonly type: 'heartbeat' };

class TurnReader {
  readonly #deps: FollowDeps;
  readonly #events: TurnEvents;
  readonly #buffer: DeltaBuffer;
  readonly #signal: AbortSignal;
  #turn: Turn;
  #changed = false;
  /** The final turn, if this process committed it. */
  #final: Turn | null = null;
  #lastHeartbeat = performance.now();
  readonly #wakeUp = wakeUp();

  constructor(deps: FollowDeps, turn: Turn, from: StreamPosition, signal: AbortSignal) {
    this.#deps = deps;
    this.#turn = turn;
    this.#events = new TurnEvents(from);
    this.#buffer = new DeltaBuffer(DELTA_LIMITS, this.#wakeUp.wake);
    this.#signal = signal;
  }

  async *run(): AsyncGenerator<FollowedEvent, void, undefined> {
    const { hints, deltas } = this.#deps;
    const { turnId } = this.#turn;
    const changed = () => {
      this.#changed = true;
      this.#wakeUp.wake();
    };
    const unlisten = hints.listenTo(turnId, (change) => {
      if (typeof change === 'object') this.#final = change;
      changed();
    });
    const unfollow = deltas.follow(turnId, this.#buffer);
    this.#signal.addEventListener('abort', changed);
    try {
      if (isFinal(this.#turn.status)) return yield* this.#sendFinal();
      yield* this.#events.turn(this.#turn);
      // The caller read the row before this follower subscribed, so it may have changed since.
      this.#changed = true;
      while (!this.#signal.aborted) {
        if (this.#changed && !(await this.#readTurn())) return;
        if (isFinal(this.#turn.status)) return yield* this.#sendFinal();
        yield* this.#events.turn(this.#turn);
        yield* this.#sendDeltas();
        if (!(await this.#waitForEvent())) yield { type: 'heartbeat' };
      }
    } finally {
      unlisten();
      unfollow();
      this.#signal.removeEventListener('abort', changed);
    }
  }

  /** Reads the row. False: the turn was erased. While the database is unavailable, the last known row stays. */
  async #readTurn(): Promise<boolean> {
    this.#changed = false;
    try {
      const turn = this.#final ?? (await this.#deps.find(this.#turn.turnId));
      if (turn) this.#turn = turn;
      return turn !== null;
    } catch {
      // The row is read again at the next hint or poll. The readiness probe reports the outage.
      return true;
    }
  }

  async *#sendDeltas(): AsyncGenerator<TurnEvent, void, undefined> {
    for (let next = this.#buffer.next(); next !== null; next = this.#buffer.next()) {
      if (next === 'missed') yield* this.#readStream();
      else {
        const events = await this.#eventsOf(next);
        if (events) yield* events;
        else this.#buffer.gapBefore(next);
      }
      // So that a fast reply does not delay a change of status.
      if (this.#changed || this.#signal.aborted) return;
    }
  }

  async #eventsOf(record: DeltaRecord): Promise<TurnEvent[] | null> {
    // The claim was committed before its first record was written, but the hint for the claim may arrive later.
    if (record.epoch > this.#turn.epoch) await this.#readTurn();
    return this.#events.record(this.#turn, record);
  }

  /** Sends the stored records after this reader's position. A page is read when the consumer has taken the page
   *  before. */
  async *#readStream(): AsyncGenerator<TurnEvent, void, undefined> {
    for (;;) {
      let page: DeltaRecord[];
      try {
        page = await this.#deps.deltas.read(this.#turn.turnId, this.#events.position);
      } catch {
        // Redis is unavailable: `missed` is called when it is back. The final turn has the full text in any case.
        return;
      }
      if (page.length === 0) return;
      const before = this.#events.position;
      for (const record of page) {
        const events = await this.#eventsOf(record);
        if (events) yield* events;
        else this.#buffer.lostBefore(record);
      }
      if (this.#events.position === before || this.#signal.aborted) return;
    }
  }

  async *#sendFinal(): AsyncGenerator<TurnEvent, void, undefined> {
    if (!this.#events.isAtStart) yield* this.#readStream();
    if (!this.#signal.aborted) yield* this.#events.turn(this.#turn);
  }

  /** Waits until there may be something to send. False: a heartbeat is due. */
  async #waitForEvent(): Promise<boolean> {
    const { hints, deltas, heartbeatMs = HEARTBEAT_MS } = this.#deps;
    if (this.#changed || this.#buffer.hasNext) return true;
    const untilHeartbeatMs = this.#lastHeartbeat + heartbeatMs - performance.now();
    const pollMs = hints.listening && deltas.listening ? POLL_MS : POLL_WITHOUT_HINTS_MS;
    if (await this.#wakeUp.wait(Math.min(untilHeartbeatMs, pollMs))) return true;
    if (pollMs < untilHeartbeatMs) this.#changed = true;
    else this.#lastHeartbeat = performance.now();
    return pollMs < untilHeartbeatMs;
  }
}

/** Yields the events of the turn that a reader at position `from` has not seen, as they happen. Ends after the final
 *  event, when the turn is erased, or when the signal aborts. Reads more only when the consumer has taken the previous
 *  events. */
export function followTurn(
  deps: FollowDeps,
  turn: Turn,
  from: StreamPosition,
  signal: AbortSignal,
): AsyncGenerator<FollowedEvent, void, undefined> {
  return new TurnReader(deps, turn, from, signal).run();
}
