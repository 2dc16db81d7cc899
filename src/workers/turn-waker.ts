// Starts queued turns: in this process if its worker role has a free place, and with jobs for all workers.
import type { Log } from '../telemetry/log.ts';
import { EVENTS_PER_JOB, type QueuedTurn, type Queues } from './queues.ts';

/** Turns that run here already get their jobs later: other workers need them only if this process ends meanwhile. Then
 *  their jobs start them earlier than the sweeper would. */
const STARTED_MS = 100;

export interface TurnWakerDeps {
  readonly queues: Pick<Queues, 'wake'>;
  /** Runs the user's turns in this process. False: it has no free place or no worker role. */
  readonly startHere: (userId: string) => boolean;
  readonly log: Log;
}

export class TurnWaker {
  readonly #deps: TurnWakerDeps;
  /** Turns that run here, and turns that wait for a worker. */
  #started: QueuedTurn[] = [];
  #waiting: QueuedTurn[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #adding = new Set<Promise<void>>();

  constructor(deps: TurnWakerDeps) {
    this.#deps = deps;
  }

  /** Starts the turn, or wakes a worker for it. Never throws. If its job is lost, the sweeper adds it again. */
  wake(turn: QueuedTurn): void {
    if (this.#deps.startHere(turn.userId)) {
      this.#started.push(turn);
      this.#timer ??= setTimeout(() => this.#addStarted(), STARTED_MS);
      return;
    }
    if (this.#waiting.length === 0) setImmediate(() => this.#addWaiting());
    this.#waiting.push(turn);
  }

  #addStarted(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const turns = this.#started;
    this.#started = [];
    this.#add(turns, EVENTS_PER_JOB);
  }

  #addWaiting(): void {
    const turns = this.#waiting;
    this.#waiting = [];
    this.#add(turns);
  }

  #add(turns: readonly QueuedTurn[], most?: number): void {
    if (turns.length === 0) return;
    const adding = this.#deps.queues.wake(turns, most).catch((error: Error) => {
      const detail = { turns: turns.length, detail: error.message };
      this.#deps.log.debug(detail, 'Jobs could not be added; the sweeper will add them.');
    });
    this.#adding.add(adding);
    void adding.then(() => this.#adding.delete(adding));
  }

  /** Adds the jobs that are still due, and resolves when no command is running. */
  async stop(): Promise<void> {
    this.#addStarted();
    this.#addWaiting();
    await Promise.all(this.#adding);
  }
}
