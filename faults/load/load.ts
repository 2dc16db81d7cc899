// The load of a campaign: many clients, a reviewer, and users that come and go.
import { createHash } from 'node:crypto';
import { random, UUID_OF_MD5 } from '../../bench/clients/client.ts';
import { ChatClient } from './chat-client.ts';
import type { History } from './history.ts';
import { Reviewer } from './reviewer.ts';

/** Users at the same time for each client. Several clients send turns of the same user, so that turns of a user wait for
 *  each other. */
const USERS_PER_CLIENT = 1;
/** After this time other users follow. Nothing that a fault lost of the earlier users is healed by their later turns. */
const GENERATION_MS = 8_000;

/** The user's session, the same in every run. */
function sessionOf(user: string): string {
  const [, ...parts] = new RegExp(UUID_OF_MD5[0]).exec(createHash('md5').update(user).digest('hex'))!;
  return parts.map((part, index) => UUID_OF_MD5[1][index] + part).join('');
}

export interface LoadOptions {
  readonly urls: readonly string[];
  readonly history: History;
  readonly seed: number;
  readonly clients: number;
}

export class Load {
  readonly #options: LoadOptions;
  readonly #draw: () => number;
  readonly #end = new AbortController();
  readonly #clients: Promise<void>[] = [];
  readonly #startedAt = Date.now();
  #reviewer: Promise<void> = Promise.resolve();
  #runsUntil = Infinity;
  #reviews = true;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#draw = random(options.seed);
  }

  start(): void {
    const { urls, history, clients } = this.#options;
    this.#add(clients, () => Date.now() < this.#runsUntil);
    const reviewer = new Reviewer({ urls, history, draw: this.#draw, isRunning: () => this.#reviews });
    this.#reviewer = reviewer.run();
  }

  /** More clients for `ms` milliseconds. */
  burst(clients: number, ms: number): void {
    const until = Date.now() + ms;
    this.#add(clients, () => Date.now() < Math.min(until, this.#runsUntil));
  }

  #add(count: number, isRunning: () => boolean): void {
    const { urls, history } = this.#options;
    const [draw, end] = [this.#draw, this.#end.signal];
    const options = { urls, history, draw, isRunning, end, nextUser: () => this.#nextUser() };
    for (let n = 0; n < count; n += 1) this.#clients.push(new ChatClient(options, this.#clients.length).run());
  }

  #nextUser(): { user: string; session: string } {
    const generation = Math.floor((Date.now() - this.#startedAt) / GENERATION_MS);
    const user = `g${generation}-${Math.floor(this.#draw() * USERS_PER_CLIENT * this.#options.clients)}`;
    return { user, session: sessionOf(`${this.#options.seed} ${user}`) };
  }

  /** Begins no new turn, and waits up to `ms` until the clients have seen the end of theirs. */
  async finish(ms: number): Promise<void> {
    this.#runsUntil = 0;
    const timer = setTimeout(() => this.#end.abort(), ms);
    await Promise.all(this.#clients);
    clearTimeout(timer);
    this.#reviews = false;
    await this.#reviewer;
  }
}
