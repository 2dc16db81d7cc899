// The conversation on a terminal. Nothing is written into what the user types: while something is shown the prompt is
// away, and what is typed meanwhile stands there when it comes back.
import { randomUUID } from 'node:crypto';
import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Turn } from '../../web/src/api/types.ts';
import { Failure } from './failure.ts';
import type { Ending } from './exit-codes.ts';
import { excerpt, plain, type Output } from './output.ts';
import type { SettledTurn, ChatSession } from './chat-session.ts';
import { styledRemark, TurnView } from './turn-view.ts';

const QUOTE = 40;

/** The terminal as the prompt sees it: it can be kept from writing. */
class PromptOutput extends Writable {
  muted = false;
  readonly #terminal = process.stdout;

  get columns(): number {
    return this.#terminal.columns;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.muted) this.#terminal.write(chunk);
    done();
  }
}

export function chatAtPrompt(talk: ChatSession, output: Output): Promise<Ending> {
  return new ChatPrompt(talk, output).run();
}

class ChatPrompt {
  readonly #talk: ChatSession;
  readonly #output: Output;
  readonly #terminal = new PromptOutput();
  readonly #prompt: Interface;
  /** What is to be shown, one after the other. */
  #showing: Promise<void> = Promise.resolve();
  #waiting = 0;
  readonly #shown = new Set<string>();
  #ending: Ending = 'ok';

  constructor(talk: ChatSession, output: Output) {
    this.#talk = talk;
    this.#output = output;
    this.#prompt = createInterface({
      input: process.stdin,
      output: this.#terminal,
      terminal: true,
      prompt: `${talk.userId}> `,
    });
  }

  /** Resolves when the user leaves. */
  run(): Promise<Ending> {
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.#output.note(`Session ${this.#talk.session}. /help tells what can be said beside messages.`);
    this.#prompt.on('line', (line) => this.#line(line.trim()));
    this.#prompt.on('SIGINT', () => void this.#interrupt());
    this.#prompt.once('close', () => {
      this.#talk.leave();
      this.#output.write('\n');
      resolve(this.#ending);
    });
    this.#prompt.prompt();
    return promise;
  }

  readonly #commands: Readonly<Record<string, (rest: string) => void>> = {
    '/new': () => {
      this.#talk.session = randomUUID();
      this.#output.note(`Session ${this.#talk.session}.`);
    },
    '/busy': (rule) => {
      this.#talk.busy = rule || undefined;
      this.#output.note(`A message while a turn is unfinished: ${rule || 'enqueue'}.`);
    },
    '/help': () =>
      this.#output.note(
        '/new: another session · /busy enqueue|reject|interrupt|rollback|merge · /quit · Ctrl-C: cancel what runs, then leave',
      ),
    '/quit': () => this.#prompt.close(),
  };

  #line(line: string): void {
    if (line === '') return this.#ask();
    if (!line.startsWith('/')) return this.#say(line);
    const [word, ...rest] = line.split(/\s+/);
    const command = this.#commands[word!];
    if (command) command(rest.join(' '));
    else this.#output.note(`${plain(word!)} is not known; /help.`);
    if (word !== '/quit') this.#ask();
  }

  #ask(): void {
    if (this.#waiting === 0) this.#prompt.prompt(true);
  }

  #say(text: string): void {
    const typedAhead = this.#waiting > 0;
    // Accepted at once, in the order of typing; shown when its turn comes.
    const accepted = this.#talk.say(text);
    accepted.catch(() => {}); // shown with the turn
    this.#show(async () => {
      if (typedAhead) this.#output.line(this.#output.style('dim', `${this.#talk.userId}> ${plain(text)}`));
      const { turn_id: turnId } = await accepted;
      if (this.#shown.has(turnId)) return; // merged into one that is shown
      this.#shown.add(turnId);
      const view = new TurnView(this.#output);
      const rested = await this.#talk.untilSettled(turnId, (event) => view.show(event));
      if (rested.turn.status === 'awaiting_review') void this.#showDecided(rested);
    });
  }

  /** The held reply is replaced by what a person made of it, whenever that is. */
  async #showDecided(rested: SettledTurn): Promise<void> {
    try {
      const turn = await this.#talk.untilFinal(rested);
      this.#show(async () => this.#tell(turn));
    } catch (error) {
      this.#show(() => Promise.reject(error));
    }
  }

  #tell(turn: Turn): void {
    this.#output.line(this.#output.style('dim', `[to “${excerpt(turn.text, QUOTE)}”: ${turn.status}]`));
    if (turn.reply !== null) this.#output.line(plain(turn.reply));
    else this.#output.line(styledRemark(turn, this.#output));
  }

  #show(work: () => Promise<void>): void {
    if (this.#waiting === 0) {
      clearLine(process.stdout, 0);
      cursorTo(process.stdout, 0);
      this.#terminal.muted = true;
    }
    this.#waiting += 1;
    this.#showing = this.#showing
      .then(work)
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#waiting -= 1;
        if (this.#waiting > 0 || this.#left) return;
        this.#terminal.muted = false;
        this.#prompt.prompt(true);
      });
  }

  get #left(): boolean {
    return (this.#prompt as Interface & { readonly closed: boolean }).closed;
  }

  #fail(error: unknown): void {
    if (this.#left) return; // leaving is what ended it
    if (!(error instanceof Failure)) throw error;
    this.#output.failure(error);
  }

  async #interrupt(): Promise<void> {
    try {
      if (await this.#talk.cancel()) return;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#ending = 'interrupted';
    this.#prompt.close();
  }
}
