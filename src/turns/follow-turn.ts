// Following a turn for one reader: its row, looked at whenever it changes, and the records of its stream.
import { wakeUp } from '../concurrency/wake-up.ts';
import { DELTA_LIMITS, DeltaBuffer } from './delta-buffer.ts';
import type { DeltaFeed, DeltaRecord } from '../domain/delta.ts';
import type { StreamPosition } from '../domain/stream-position.ts';
import { TurnEvents, type TurnEvent } from '../domain/turn-events.ts';
import type { TurnHints } from './turn-service.ts';
import { isFinal, type Turn } from '../domain/turn.ts';

/** How often the row is read without a change being announced: while announcements arrive, and while they cannot. */
const POLL_MS = 5_000;
const UNHEARD_POLL_MS = 1_000;
/** Proxies cut connections on which nothing comes for a minute, some for half of one. */
const HEARTBEAT_MS = 15_000;

export interface FollowDeps {
  /** Rejects while the database is away. */
  readonly find: (turnId: string) => Promise<Turn | null>;
  readonly hints: TurnHints;
  readonly deltas: DeltaFeed;
  readonly heartbeatMs?: number;
}

/** A heartbeat says that nothing happened for a while. */
export type FollowedEvent = TurnEvent | { readonly type: 'heartbeat' };

class Follower {
  readonly #deps: FollowDeps;
  readonly #events: TurnEvents;
  readonly #heard: DeltaBuffer;
  readonly #signal: AbortSignal;
  #turn: Turn;
  #changed = false;
  #lastBeat = performance.now();
  readonly #wakeUp = wakeUp();

  constructor(deps: FollowDeps, turn: Turn, from: StreamPosition, signal: AbortSignal) {
    this.#deps = deps;
    this.#turn = turn;
    this.#events = new TurnEvents(from);
    this.#heard = new DeltaBuffer(DELTA_LIMITS, this.#wakeUp.wake);
    this.#signal = signal;
  }

  async *run(): AsyncGenerator<FollowedEvent, void, undefined> {
    const { hints, deltas } = this.#deps;
    const { turnId } = this.#turn;
    const changed = () => {
      this.#changed = true;
      this.#wakeUp.wake();
    };
    const unlisten = hints.listenTo(turnId, changed);
    const unfollow = deltas.follow(turnId, this.#heard);
    this.#signal.addEventListener('abort', changed);
    try {
      if (isFinal(this.#turn.status)) return yield* this.#finish();
      yield* this.#events.turn(this.#turn);
      // The row was read before anything could be heard.
      this.#changed = true;
      while (!this.#signal.aborted) {
        if (this.#changed && !(await this.#look())) return;
        if (isFinal(this.#turn.status)) return yield* this.#finish();
        yield* this.#events.turn(this.#turn);
        yield* this.#tellDeltas();
        if (!(await this.#somethingHappens())) yield { type: 'heartbeat' };
      }
    } finally {
      unlisten();
      unfollow();
      this.#signal.removeEventListener('abort', changed);
    }
  }

  /** Reads the row; false: it was erased. While the database is away the row stays as it was known. */
  async #look(): Promise<boolean> {
    this.#changed = false;
    try {
      const turn = await this.#deps.find(this.#turn.turnId);
      if (turn) this.#turn = turn;
      return turn !== null;
    } catch {
      // The next look comes by itself; the readiness probe tells whom it concerns.
      return true;
    }
  }

  async *#tellDeltas(): AsyncGenerator<TurnEvent, void, undefined> {
    for (let next = this.#heard.next(); next !== null; next = this.#heard.next()) {
      if (next === 'missed') yield* this.#readAgain();
      else {
        const events = await this.#eventsOf(next);
        if (events) yield* events;
        else this.#heard.gapBefore(next);
      }
      // A change of status is not kept waiting behind a reply that is written fast.
      if (this.#changed || this.#signal.aborted) return;
    }
  }

  async #eventsOf(record: DeltaRecord): Promise<TurnEvent[] | null> {
    // The claim was committed before its first record, but the news of it may come later.
    if (record.epoch > this.#turn.epoch) await this.#look();
    return this.#events.record(this.#turn, record);
  }

  /** The kept records from this reader's place on, page by page, each asked for when the page before was taken. */
  async *#readAgain(): AsyncGenerator<TurnEvent, void, undefined> {
    for (;;) {
      let page: DeltaRecord[];
      try {
        page = await this.#deps.deltas.read(this.#turn.turnId, this.#events.place);
      } catch {
        // Redis is away: `missed` comes when it is back, and the end of the turn in any case.
        return;
      }
      if (page.length === 0) return;
      const before = this.#events.place;
      for (const record of page) {
        const events = await this.#eventsOf(record);
        if (events) yield* events;
        else this.#heard.lostBefore(record);
      }
      if (this.#events.place === before || this.#signal.aborted) return;
    }
  }

  async *#finish(): AsyncGenerator<TurnEvent, void, undefined> {
    if (!this.#events.isAtStart) yield* this.#readAgain();
    if (!this.#signal.aborted) yield* this.#events.turn(this.#turn);
  }

  /** Waits until there may be something to send. False: a heartbeat is due. */
  async #somethingHappens(): Promise<boolean> {
    const { hints, deltas, heartbeatMs = HEARTBEAT_MS } = this.#deps;
    if (this.#changed || this.#heard.any) return true;
    const beatMs = this.#lastBeat + heartbeatMs - performance.now();
    const pollMs = hints.listening && deltas.listening ? POLL_MS : UNHEARD_POLL_MS;
    if (await this.#wakeUp.wait(Math.min(beatMs, pollMs))) return true;
    if (pollMs < beatMs) this.#changed = true;
    else this.#lastBeat = performance.now();
    return pollMs < beatMs;
  }
}

/** The events of the turn that a reader at `from` has not seen, as they happen; ends after the final one, when the turn
 *  was erased, or when the signal aborts. Asks for more only when what it gave was taken. */
export function followTurn(
  deps: FollowDeps,
  turn: Turn,
  from: StreamPosition,
  signal: AbortSignal,
): AsyncGenerator<FollowedEvent, void, undefined> {
  return new Follower(deps, turn, from, signal).run();
}
