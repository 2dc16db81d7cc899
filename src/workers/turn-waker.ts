// Starts queued turns: in this process if its worker role has a free place, and with jobs for all workers.
import type { Log } from '../telemetry/log.ts';
import type { QueuedTurn, Queues } from './queues.ts';

/** Turns that run here already get their jobs later: only after a crash does another worker need them, and then the
 *  sweeper finds them too. */
const STARTED_MS = 100;

export interface TurnWakerDeps {
  readonly queues: Pick<Queues, 'wake'>;
  /** Runs the user's turns in this process. False: it has no free place or no worker role. */
  readonly startHere: (userId: string) => boolean;
  readonly log: Log;
}

export class TurnWaker {
  readonly #deps: TurnWakerDeps;
  #buffer: QueuedTurn[] = [];
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(deps: TurnWakerDeps) {
    this.#deps = deps;
  }

  /** Starts the turn, or wakes a worker for it. Never throws. If its job is lost, the sweeper adds it again. */
  wake(turn: QueuedTurn): void {
    const started = this.#deps.startHere(turn.userId);
    this.#buffer.push(turn);
    if (started) this.#timer ??= setTimeout(() => this.#flush(), STARTED_MS);
    else this.#soon ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#timer = undefined;
    this.#soon = undefined;
    const turns = this.#buffer;
    this.#buffer = [];
    if (turns.length > 0) this.#flushing = Promise.all([this.#flushing, this.#add(turns)]).then(() => {});
  }

  async #add(turns: readonly QueuedTurn[]): Promise<void> {
    try {
      await this.#deps.queues.wake(turns);
    } catch (error) {
      const detail = { turns: turns.length, detail: (error as Error).message };
      this.#deps.log.debug(detail, 'Jobs could not be added; the sweeper will add them.');
    }
  }

  /** Adds the jobs that are still due, and resolves when no command is running. */
  async stop(): Promise<void> {
    this.#flush();
    await this.#flushing;
  }
}
