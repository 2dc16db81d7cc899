// The chat prompt on a terminal. While output is written the prompt is hidden, so that output never mixes with typed
// text. Text typed in the meantime appears with the next prompt.
import { randomUUID } from 'node:crypto';
import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Turn } from '../../web/src/api/types.ts';
import { Failure } from './failure.ts';
import type { ExitReason } from './exit-codes.ts';
import { excerpt, plain, type Output } from './output.ts';
import type { SettledTurn, ChatSession } from './chat-session.ts';
import { stepLine, styledNote, TurnView } from './turn-view.ts';

const EXCERPT = 40;

/** The output of the prompt. It writes to the terminal unless it is muted. */
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

export function chatAtPrompt(session: ChatSession, output: Output): Promise<ExitReason> {
  return new ChatPrompt(session, output).run();
}

class ChatPrompt {
  readonly #session: ChatSession;
  readonly #output: Output;
  readonly #terminal = new PromptOutput();
  readonly #prompt: Interface;
  /** Output tasks run one after the other. */
  #queue: Promise<void> = Promise.resolve();
  /** Output tasks that are queued or running. */
  #tasks = 0;
  /** Ids of turns that are shown, so that a merged turn is shown once. */
  readonly #shown = new Set<string>();
  #exitReason: ExitReason = 'ok';

  constructor(session: ChatSession, output: Output) {
    this.#session = session;
    this.#output = output;
    this.#prompt = createInterface({
      input: process.stdin,
      output: this.#terminal,
      terminal: true,
      prompt: `${session.userId}> `,
    });
  }

  /** Runs until the user exits. */
  run(): Promise<ExitReason> {
    const { promise, resolve } = Promise.withResolvers<ExitReason>();
    this.#output.note(`Session ${this.#session.session}. Type /help for commands.`);
    this.#prompt.on('line', (line) => this.#line(line.trim()));
    this.#prompt.on('SIGINT', () => void this.#interrupt());
    this.#prompt.once('close', () => {
      this.#session.stop();
      this.#output.write('\n');
      resolve(this.#exitReason);
    });
    this.#prompt.prompt();
    return promise;
  }

  readonly #commands: Readonly<Record<string, (rest: string) => void>> = {
    '/new': () => {
      this.#session.session = randomUUID();
      this.#output.note(`Session ${this.#session.session}.`);
    },
    '/busy': (rule) => {
      this.#session.busy = rule || undefined;
      this.#output.note(`Busy rule: ${rule || 'enqueue'}.`);
    },
    '/assistant': (name) => {
      if (name === '') return this.#show(() => this.#listAssistants());
      // In the order of typing, like messages; shown after the earlier turns.
      const chosen = this.#session.choose(name);
      chosen.catch(() => {}); // The task below reports the error.
      this.#show(() => chosen.then(() => this.#output.note(`Assistant: ${plain(name)}.`)));
    },
    '/help': () =>
      this.#output.note(
        '/new: start another session · /assistant: list the assistants · /assistant NAME: choose who answers · /busy enqueue|reject|interrupt|rollback|merge: set the busy rule · ' +
          '/quit: exit · Ctrl-C: cancel the running turn, then exit',
      ),
    '/quit': () => this.#prompt.close(),
  };

  async #listAssistants(): Promise<void> {
    for (const { name, description, isDefault, isChosen } of await this.#session.assistants()) {
      const more = [isDefault ? ' (default)' : '', description === '' ? '' : `: ${plain(description)}`].join('');
      this.#output.note(`${isChosen ? '*' : ' '} ${plain(name)}${more}`);
    }
  }

  #line(line: string): void {
    if (line === '') return this.#showPrompt();
    if (!line.startsWith('/')) return this.#send(line);
    const [word, ...rest] = line.split(/\s+/);
    const command = this.#commands[word!];
    if (command) command(rest.join(' '));
    else this.#output.note(`Unknown command ${plain(word!)}. Type /help.`);
    if (word !== '/quit') this.#showPrompt();
  }

  #showPrompt(): void {
    if (this.#tasks === 0) this.#prompt.prompt(true);
  }

  #send(text: string): void {
    const typedAhead = this.#tasks > 0;
    // Sent at once, in the order of typing; shown after the earlier turns.
    const accepted = this.#session.send(text);
    accepted.catch(() => {}); // The task below reports the error.
    this.#show(async () => {
      if (typedAhead) this.#output.line(this.#output.style('dim', `${this.#session.userId}> ${plain(text)}`));
      const { turn_id: turnId } = await accepted;
      if (this.#shown.has(turnId)) return; // Merged into a turn that is already shown.
      this.#shown.add(turnId);
      const view = new TurnView(this.#output);
      const settled = await this.#session.untilSettled(turnId, (event) => view.show(event));
      if (settled.turn.status === 'awaiting_review') void this.#showOutcome(settled);
    });
  }

  /** Shows the outcome of a reviewed turn once the turn is final, and that it awaits another review. */
  async #showOutcome(settled: SettledTurn): Promise<void> {
    try {
      for (let held = settled; held.turn.status === 'awaiting_review';) {
        held = await this.#session.untilDecided(held);
        const { turn } = held;
        this.#show(async () => this.#writeOutcome(turn));
      }
    } catch (error) {
      this.#show(() => Promise.reject(error));
    }
  }

  #writeOutcome(turn: Turn): void {
    this.#output.line(this.#output.style('dim', `[reply to “${excerpt(turn.text, EXCERPT)}”: ${turn.status}]`));
    for (const line of turn.steps.map((step) => stepLine(step, this.#output)))
      if (line !== null) this.#output.line(line);
    if (turn.reply !== null) this.#output.line(plain(turn.reply));
    else this.#output.line(styledNote(turn, this.#output));
  }

  /** Runs an output task after the earlier ones. The prompt is hidden until all are done. */
  #show(task: () => Promise<void>): void {
    if (this.#tasks === 0) {
      clearLine(process.stdout, 0);
      cursorTo(process.stdout, 0);
      this.#terminal.muted = true;
    }
    this.#tasks += 1;
    this.#queue = this.#queue
      .then(task)
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        this.#tasks -= 1;
        if (this.#tasks > 0 || this.#closed) return;
        this.#terminal.muted = false;
        this.#prompt.prompt(true);
      });
  }

  get #closed(): boolean {
    return (this.#prompt as Interface & { readonly closed: boolean }).closed;
  }

  #fail(error: unknown): void {
    if (this.#closed) return; // The exit aborted the request.
    if (!(error instanceof Failure)) throw error;
    this.#output.failure(error);
  }

  async #interrupt(): Promise<void> {
    try {
      if (await this.#session.cancel()) return;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#exitReason = 'interrupted';
    this.#prompt.close();
  }
}
