// Where the program writes: answers to stdout, everything about the way there to stderr. Colours only on a terminal.
import { styleText } from 'node:util';
import { EXIT_CODES } from './exit-codes.ts';
import type { Failure } from './failure.ts';

type Style = Parameters<typeof styleText>[0];
type Sink = NodeJS.WriteStream;

// What users and models wrote could drive the terminal: escape sequences, overwriting by \r, text that runs backwards.
const DRIVING = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Somebody else's text, harmless on a terminal. */
export const plain = (text: string): string => text.replace(DRIVING, '\ufffd');

/** The first words of a text, on one line. */
export function excerpt(text: string, characters: number): string {
  const line = plain(text).replaceAll(/\s+/g, ' ').trim();
  return line.length <= characters ? line : `${line.slice(0, characters - 1)}…`;
}

export class Output {
  /** For machines: JSON instead of text, on stdout and for failures on stderr. */
  readonly json: boolean;
  readonly #stdout: Sink;
  readonly #stderr: Sink;

  constructor(json: boolean, stdout: Sink = process.stdout, stderr: Sink = process.stderr) {
    this.json = json;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  style(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#stdout });
  }

  write(text: string): void {
    this.#stdout.write(text);
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  /** One JSON value on a line of its own: a whole answer, or one event of several. */
  document(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** Tells what is going on; nothing that a machine needs. */
  note(text: string): void {
    if (!this.json) this.#stderr.write(`${styleText('dim', text, { stream: this.#stderr })}\n`);
  }

  /** Asks a person, so never on stdout, which may be a file. */
  ask(text: string): void {
    this.#stderr.write(text);
  }

  failure(failure: Failure): void {
    const { code } = EXIT_CODES[failure.ending];
    const text = this.json
      ? JSON.stringify({ error: { ...failure.document, exit_code: code } })
      : styleText('red', plain(failure.message), { stream: this.#stderr });
    this.#stderr.write(`${text}\n`);
  }
}
