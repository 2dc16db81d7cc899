// Shared by the walkthroughs: calls with fetch that are printed, and expectations.

const DEFAULT_ADDRESS = 'http://127.0.0.1:8080';
/** The model that replies if no API key is set. The wording of its replies is known. */
const OFFLINE_MODEL = 'turnkeeper-offline';
const WAIT_S = 30;
const TIMEOUT_MS = 120_000;
const PRINT_LIMIT = 400;

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

/** An expectation failed. The message is printed to the terminal. */
class Unexpected extends Error {}

const printable = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > PRINT_LIMIT ? `${text.slice(0, PRINT_LIMIT)} …` : text;
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

  /** Sends a request and prints it with the response. @throws Unexpected unless the status is 2xx */
  async call<T>(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<T> {
    console.log(`   > ${method} ${path}${body === undefined ? '' : ` ${printable(body)}`}`);
    const { status, answer } = await this.#send(method, path, body);
    console.log(`   < ${status} ${printable(answer)}`);
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
        `${this.#address} does not answer (${(cause as Error).message}). Start turnkeeper with: npm start`,
      );
    }
    const text = await response.text();
    if (!response.ok) throw new Unexpected(`${method} ${path} returned ${response.status}: ${text}`);
    return { status: response.status, answer: JSON.parse(text) };
  }

  /** Posts a message, which returns the accepted turn at once, and waits for the reply. */
  async chat(request: ChatRequest): Promise<Turn> {
    let turn = await this.call<Turn>('POST', '/chat', request);
    const deadline = Date.now() + TIMEOUT_MS;
    while (turn.status === 'queued' || turn.status === 'running') {
      if (Date.now() > deadline)
        throw new Unexpected(`turn ${turn.turn_id} is still ${turn.status} after ${TIMEOUT_MS / 1000} s`);
      turn = (await this.#send('GET', `/turns/${turn.turn_id}?wait=${WAIT_S}`)).answer as Turn;
    }
    if (turn.status !== 'completed')
      throw new Unexpected(`the turn has the status ${turn.status}: ${turn.error?.detail ?? 'it has no reply'}`);
    console.log(`   ${request.user_id}: ${turn.text}\n   ${turn.model}: ${turn.reply}`);
    this.expect('the turn has a reply', Boolean(turn.reply));
    return turn;
  }

  /** Checks the wording of a reply of the offline model. For another model it prints what to check. */
  expectWording(turn: Turn, what: string, words: string): void {
    if (turn.model !== OFFLINE_MODEL) return console.log(`   ? check yourself: ${what}`);
    this.expect(`${what} (“${words}”)`, turn.reply?.includes(words) === true);
  }

  expect(what: string, holds: boolean): void {
    if (!holds) throw new Unexpected(`this is not true: ${what}`);
    console.log(`   ✓ ${what}`);
  }

  /** Polls `path` until `holds` returns true, for data that is written after the reply. Prints the last response. */
  async until<T>(what: string, path: string, holds: (answer: T) => boolean): Promise<T> {
    const deadline = Date.now() + TIMEOUT_MS;
    while (!holds((await this.#send('GET', path)).answer as T)) {
      if (Date.now() > deadline)
        throw new Unexpected(`this did not become true within ${TIMEOUT_MS / 1000} s: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const answer = await this.call<T>('GET', path);
    this.expect(what, holds(answer));
    return answer;
  }
}

/** Runs a walkthrough against the address on the command line. If an expectation fails, the exit code is 1. */
export async function walk(title: string, steps: (walkthrough: Walkthrough) => Promise<void>): Promise<void> {
  const address = process.argv[2] ?? DEFAULT_ADDRESS;
  console.log(`${title}, at ${address}`);
  try {
    if (!URL.canParse(address))
      throw new Unexpected(`${address} is not a valid address; an example is ${DEFAULT_ADDRESS}`);
    await steps(new Walkthrough(address));
    console.log('\nAll as expected.');
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    console.error(`\nNot as expected: ${error.message}`);
    process.exitCode = 1;
  }
}
