// One direction of a proxied connection.
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `held`: bytes wait until the link is healed. `lost`: they vanish. */
export type Flow =
  | { readonly kind: 'open' | 'held' | 'lost' }
  | { readonly kind: 'delayed'; readonly ms: number }
  | { readonly kind: 'trickle'; readonly bytesPerSecond: number };

export const OPEN: Flow = { kind: 'open' };
const MAX_QUEUED = 1024 * 1024;
const TRICKLE_MS = 50;

export class Pipe {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #flow: () => Flow;
  #queue: Buffer[] = [];
  #queued = 0;
  #hasEnded = false;
  #isMoving = false;

  constructor(source: Socket, target: Socket, flow: () => Flow) {
    this.#source = source;
    this.#target = target;
    this.#flow = flow;
    source.on('data', (bytes: Buffer) => this.#take(bytes));
    source.once('close', () => this.#end());
    target.on('drain', () => source.resume());
  }

  #take(bytes: Buffer): void {
    const { kind } = this.#flow();
    if (kind === 'lost') return;
    if (kind === 'open' && this.#queue.length === 0 && !this.#isMoving) {
      if (!this.#target.write(bytes)) this.#source.pause();
      return;
    }
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#queued > MAX_QUEUED) this.#source.pause();
    this.move();
  }

  #end(): void {
    this.#hasEnded = true;
    this.move();
  }

  /** Passes on what waits, as far as the flow allows. Called again when the flow changes. */
  move(): void {
    if (this.#isMoving) return;
    this.#isMoving = true;
    void this.#moveAll().finally(() => (this.#isMoving = false));
  }

  async #moveAll(): Promise<void> {
    for (let bytes = this.#queue[0]; bytes; bytes = this.#queue[0]) {
      const flow = this.#flow();
      if (flow.kind === 'held' || flow.kind === 'lost') return;
      if (flow.kind === 'delayed') await sleep(flow.ms);
      if (flow.kind === 'trickle') {
        await sleep(TRICKLE_MS);
        const part = Math.max(1, Math.round((flow.bytesPerSecond * TRICKLE_MS) / 1000));
        if (bytes.length > part) this.#queue.splice(1, 0, bytes.subarray(part));
        bytes = bytes.subarray(0, part);
      }
      this.#queue.shift();
      this.#queued -= bytes.length;
      this.#target.write(bytes);
      if (this.#queued <= MAX_QUEUED) this.#source.resume();
    }
    // The other side learns of the end only if bytes could pass now.
    const { kind } = this.#flow();
    if (this.#hasEnded && kind !== 'held' && kind !== 'lost') this.#target.end();
  }
}
