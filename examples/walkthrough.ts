// What the walkthroughs share: calls by fetch, printed so that a person can follow them, and what must hold.

const DEFAULT_ADDRESS = 'http://127.0.0.1:8080';
/** The name of the model that answers where no key is set. What it says is known word by word. */
const OFFLINE_MODEL = 'turnkeeper-offline';
const WAIT_S = 30;
const PATIENCE_MS = 120_000;
const SHOWN = 400;

export interface Turn {
  readonly turn_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly status: string;
  readonly text: string;
  readonly reply: string | null;
  readonly model: string | null;
  readonly error: { readonly code: string; readonly detail: string } | null;
}

export interface Message {
  readonly role: string;
  readonly content: string;
  readonly turn_id: string;
  readonly tags: readonly string[];
}

export interface ChatRequest {
  readonly user_id: string;
  readonly text: string;
  readonly tags?: readonly string[];
  readonly metadata?: { readonly session_id: string };
}

/** Something was not as it should be; the message is for the person at the terminal. */
class Unexpected extends Error {}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)} …` : text;
};

export class Walkthrough {
  readonly #address: string;
  #steps = 0;

  constructor(address: string) {
    this.#address = address.replace(/\/+$/, '');
  }

  step(title: string): void {
    this.#steps += 1;
    console.log(`\n${this.#steps}. ${title}`);
  }

  /** One call, printed with its answer; anything but a success ends the walkthrough. */
  async call<T>(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<T> {
    console.log(`   > ${method} ${path}${body === undefined ? '' : ` ${shown(body)}`}`);
    const { status, answer } = await this.#send(method, path, body);
    console.log(`   < ${status} ${shown(answer)}`);
    return answer as T;
  }

  async #send(method: string, path: string, body?: object): Promise<{ status: number; answer: unknown }> {
    const json =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    let response: Response;
    try {
      response = await fetch(this.#address + path, { method, ...json });
    } catch (error) {
      const cause = (error as Error).cause ?? error;
      throw new Unexpected(
        `${this.#address} does not answer (${(cause as Error).message}). Is it running? Start it with: npm start`,
      );
    }
    const text = await response.text();
    if (!response.ok) throw new Unexpected(`${method} ${path} was answered ${response.status}: ${text}`);
    return { status: response.status, answer: JSON.parse(text) };
  }

  /** Posts a message, which is answered at once with the accepted turn, and waits for the reply. */
  async chat(request: ChatRequest): Promise<Turn> {
    let turn = await this.call<Turn>('POST', '/chat', request);
    const deadline = Date.now() + PATIENCE_MS;
    while (turn.status === 'queued' || turn.status === 'running') {
      if (Date.now() > deadline)
        throw new Unexpected(`turn ${turn.turn_id} is still ${turn.status} after ${PATIENCE_MS / 1000} s`);
      turn = (await this.#send('GET', `/turns/${turn.turn_id}?wait=${WAIT_S}`)).answer as Turn;
    }
    if (turn.status !== 'completed')
      throw new Unexpected(`the turn ended ${turn.status}: ${turn.error?.detail ?? 'it has no reply'}`);
    console.log(`   ${request.user_id}: ${turn.text}\n   ${turn.model}: ${turn.reply}`);
    this.expect('there is a reply', Boolean(turn.reply));
    return turn;
  }

  /** The wording of a reply, where it is known: of any other model the reader is the judge. */
  expectWording(turn: Turn, what: string, words: string): void {
    if (turn.model !== OFFLINE_MODEL) return console.log(`   ? see for yourself: ${what}`);
    this.expect(`${what} (“${words}”)`, turn.reply?.includes(words) === true);
  }

  expect(what: string, holds: boolean): void {
    if (!holds) throw new Unexpected(`this should hold and does not: ${what}`);
    console.log(`   ✓ ${what}`);
  }

  /** Reads `path` until `holds` does, for what follows a reply a moment later; prints the last answer. */
  async until<T>(what: string, path: string, holds: (answer: T) => boolean): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!holds((await this.#send('GET', path)).answer as T)) {
      if (Date.now() > deadline) throw new Unexpected(`not within ${PATIENCE_MS / 1000} s: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const answer = await this.call<T>('GET', path);
    this.expect(what, holds(answer));
    return answer;
  }
}

/** Runs a walkthrough against the address on the command line; what is not as expected ends the process with 1. */
export async function walk(title: string, steps: (walkthrough: Walkthrough) => Promise<void>): Promise<void> {
  const address = process.argv[2] ?? DEFAULT_ADDRESS;
  console.log(`${title}, at ${address}`);
  try {
    if (!URL.canParse(address)) throw new Unexpected(`${address} is no address; give one such as ${DEFAULT_ADDRESS}`);
    await steps(new Walkthrough(address));
    console.log('\nAll as expected.');
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    console.error(`\nNot as expected: ${error.message}`);
    process.exitCode = 1;
  }
}
