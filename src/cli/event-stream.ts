// Reading text/event-stream, as the HTML standard has it.

export interface ServerSentEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

const BLANK = { event: 'message', data: null as string | null };

/** Takes the stream's text as it comes and gives the events that are complete. */
export class EventStreamParser {
  /** Milliseconds after which a client whose stream broke comes back, as the server said last. */
  retryMs: number | null = null;
  #rest = '';
  #id = '';
  #fields = { ...BLANK };

  push(text: string): ServerSentEvent[] {
    // A line may end in \r\n, and that may come in two pieces: a \r at the end waits for what follows it.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): ServerSentEvent | null {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return null; // a comment: the server's heartbeat
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') this.#fields.event = value;
    else if (name === 'data') this.#fields.data = this.#fields.data === null ? value : `${this.#fields.data}\n${value}`;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }

  #dispatch(): ServerSentEvent | null {
    const { event, data } = this.#fields;
    this.#fields = { ...BLANK };
    return data === null ? null : { event, id: this.#id, data };
  }
}
