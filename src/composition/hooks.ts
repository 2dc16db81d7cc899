// The hooks of a process: hints for other processes, and calls of this process's own roles.
import { Listeners } from '../concurrency/listeners.ts';
import type { Hooks, OutboxEvent, TurnChange, TurnHints } from '../domain/events.ts';
import type { Turn } from '../domain/turn.ts';
import type { Hints } from '../redis/hints.ts';
import { RecentTurns } from '../turns/recent-turns.ts';

/** What the worker role does after a commit of the same process. */
export interface WorkerHooks {
  /** Runs the user's turns here. False: all places are taken. */
  startTurns(userId: string): boolean;
  /** Publishes committed events. */
  publish(events: readonly OutboxEvent[]): void;
  /** A webhook delivery may be due. */
  deliveryDue(): void;
  /** A webhook was added, or a delivery by hand. */
  webhookAdded(): void;
  /** A reviewer wants a new draft. */
  revisionDue(): void;
}

const NO_WORKER: WorkerHooks = {
  startTurns: () => false,
  publish: () => {},
  deliveryDue: () => {},
  webhookAdded: () => {},
  revisionDue: () => {},
};

/** Notes of hints: a worker started the turn, or delivered it. */
const STARTED = 'started';
const DELIVERED = 'delivered';

export class ProcessHooks implements Hooks {
  /** Set by the worker role. Without it the sweep of another process publishes and sends. */
  worker: WorkerHooks = NO_WORKER;
  readonly #hints: Hints;
  readonly #finals = new Listeners<[turn: Turn]>();
  readonly #recent = new RecentTurns();

  constructor(hints: Hints) {
    this.#hints = hints;
    hints.turns.listen((turnId, note) => this.#hear(turnId, note));
    hints.turns.onListening(() => this.#recent.clear());
  }

  /** A turn that another process changed is not recent any more. A final one can only be erased. */
  #hear(turnId: string, note: string): void {
    if (note === STARTED || (note === DELIVERED && this.#recent.get(turnId)?.status === 'completed')) return;
    this.#recent.forget(turnId);
  }

  turnAccepted(turn: Turn): void {
    this.#remember(turn);
  }

  /** Only a process with clients needs recent turns; it hears the changes by other processes. */
  #remember(turn: Turn): void {
    if (this.#hints.turns.subscribed) this.#recent.put(turn);
  }

  turnStarted(turnId: string): void {
    this.#hints.turns.announce(turnId, STARTED);
  }

  turnChanged(turnId: string, final?: Turn): void {
    this.#hints.turns.announce(turnId, final ? DELIVERED : '');
    if (final) this.#remember(final);
    else this.#recent.forget(turnId);
    // Readers of this process get a final turn at once, and need not read its row.
    if (final) this.#finals.call(turnId, final);
    this.worker.deliveryDue();
  }

  turnCancelled(turnId: string): void {
    this.#hints.cancellations.announce(turnId);
  }

  reviewChanged(): void {
    this.#hints.reviews.announce();
  }

  eventsCommitted(events: readonly OutboxEvent[]): void {
    this.worker.publish(events);
  }

  webhookAdded(): void {
    this.worker.webhookAdded();
  }

  /** Hints about turns, with the final turns of this process. */
  get turnHints(): TurnHints {
    const { turns } = this.#hints;
    return {
      get listening() {
        return turns.listening;
      },
      listenTo: (turnId, listener) => this.#listenTo(turnId, listener),
      recent: (turnId) => (turns.listening ? this.#recent.get(turnId) : null),
    };
  }

  #listenTo(turnId: string, listener: (change: TurnChange) => void): () => void {
    const unlistenFinal = this.#finals.add(turnId, listener);
    const unlisten = this.#hints.turns.listenTo(turnId, (_id, note) =>
      listener(note === STARTED ? 'started' : 'changed'),
    );
    return () => {
      unlistenFinal();
      unlisten();
    };
  }
}
