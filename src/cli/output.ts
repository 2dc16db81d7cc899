// The output of the program: results to stdout, notes and errors to stderr. Colours on a terminal only.
import { styleText } from 'node:util';
import { EXIT_CODES } from './exit-codes.ts';
import type { Failure } from './failure.ts';

type Style = Parameters<typeof styleText>[0];
type Sink = NodeJS.WriteStream;

// Text of users and models must not control the terminal: escape sequences, overwriting by \r, bidirectional overrides.
const CONTROL = /(?![\n\t])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Text of users and models, with control characters replaced. */
export const plain = (text: string): string => text.replace(CONTROL, '\ufffd');

/** The beginning of a text, on one line. */
export function excerpt(text: string, characters: number): string {
  const line = plain(text).replaceAll(/\s+/g, ' ').trim();
  return line.length <= characters ? line : `${line.slice(0, characters - 1)}…`;
}

export class Output {
  /** JSON instead of text: results on stdout, errors on stderr. */
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

  /** Writes one JSON value on a line: a whole result, or one event. */
  document(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** Writes a progress note to stderr; nothing with --json. */
  note(text: string): void {
    if (!this.json) this.#stderr.write(`${styleText('dim', text, { stream: this.#stderr })}\n`);
  }

  /** Writes a question to stderr, because stdout may be a file. */
  ask(text: string): void {
    this.#stderr.write(text);
  }

  failure(failure: Failure): void {
    const { code } = EXIT_CODES[failure.exitReason];
    const text = this.json
      ? JSON.stringify({ error: { ...failure.document, exit_code: code } })
      : styleText('red', plain(failure.message), { stream: this.#stderr });
    this.#stderr.write(`${text}\n`);
  }
}
