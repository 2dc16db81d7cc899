// Finds out what the body of a response is, and passes its events or its JSON value to the reader of the reply. Pure.
import { createParser, type EventSourceParser } from 'eventsource-parser';
import { choiceOf, membersOf } from './dialects.ts';
import { ModelError } from './model.ts';
import { jsonOf, type ReplyReader } from './reply-reader.ts';
import type { BytesReader, Progress } from './streamed-call.ts';

/** Maximum length of one event, or of a body that is JSON, in UTF-16 units. */
const LIMIT = 4 * 1024 * 1024;
/** How often an unfinished body is parsed: an endpoint may leave the connection open after its JSON value. */
const MAX_PARSES = 16;

const FIELDS = ['data:', 'event:', 'id:', 'retry:', ':'];

/** `lines`: chunks as lines, without the fields of events. */
type Kind = 'events' | 'json' | 'lines' | 'other';

/** What a body is that begins with this text; null: more text is needed. The type alone does not tell: endpoints send
 *  errors and whole completions as streams, and streams as text. */
function kindOf(start: string, isStream: boolean): Kind | null {
  const text = start.trimStart();
  if (text === '') return null;
  if (/^[{[]/.test(text)) return 'json';
  if (text.startsWith('<')) return 'other';
  if (isStream || FIELDS.some((field) => text.startsWith(field))) return 'events';
  return FIELDS.some((field) => field.startsWith(text)) ? null : 'other';
}

const isChunk = (value: unknown): boolean => membersOf(value)['choices'] !== undefined;

const malformed = (detail: string, retryable: boolean): ModelError =>
  new ModelError('model_malformed_reply', detail, { retryable });

export class ResponseBody implements BytesReader {
  readonly #reply: ReplyReader;
  readonly #isStream: boolean;
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  #kind: Kind | null = null;
  /** Text that was not passed on: a body that is JSON, or the beginning of another one. */
  #text = '';
  #parses = 0;
  #hasLine = false;

  /** `contentType`: of the response; empty: unknown. */
  constructor(reply: ReplyReader, contentType: string) {
    this.#reply = reply;
    this.#isStream = contentType.toLowerCase().startsWith('text/event-stream');
    this.#parser = createParser({
      maxBufferSize: LIMIT,
      onEvent: (event) => reply.event(event),
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded')
          throw malformed(`the model endpoint sent an event of more than ${LIMIT} characters`, true);
      },
    });
  }

  read(bytes: Uint8Array): Progress {
    const { length, isWhole } = this.#reply;
    this.#take(this.#decoder.decode(bytes, { stream: true }), false);
    if (this.#reply.isDone) return 'done';
    if (!this.#reply.isWhole) return 'more';
    return isWhole && this.#reply.length === length ? 'idle' : 'whole';
  }

  end(): void {
    this.#take(this.#decoder.decode(), true);
    // Some endpoints do not end their last event with an empty line.
    if (this.#kind === 'events') this.#parser.feed('\n\n');
    // A stream may be empty, but not another body.
    if (this.#kind === null && this.#text !== '') throw malformed('the response is not a reply', false);
  }

  #take(text: string, isEnd: boolean): void {
    if (this.#kind !== 'events') this.#text += text;
    if (this.#kind === null) {
      this.#kind = kindOf(this.#text, this.#isStream);
      if (this.#kind !== 'events') this.#check(isEnd);
      else this.#parser.feed(this.#text);
    } else if (this.#kind === 'events') this.#parser.feed(text);
    else this.#check(isEnd);
  }

  #check(isEnd: boolean): void {
    if (this.#kind === 'other') throw malformed('the response is not a reply', false);
    if (this.#text.length > LIMIT) throw malformed(`the response has more than ${LIMIT} characters`, false);
    if (this.#kind === 'json') this.#json(isEnd);
    else if (this.#kind === 'lines') this.#lines(isEnd);
  }

  #json(isEnd: boolean): void {
    if (this.#beginsWithChunk()) {
      this.#kind = 'lines';
      return this.#lines(isEnd);
    }
    const mayBeWhole = /[\]}]\s*$/.test(this.#text.slice(-64)) && this.#parses < MAX_PARSES;
    if (!isEnd && !mayBeWhole) return;
    this.#parses += 1;
    const value = jsonOf(this.#text);
    if (value !== undefined && this.#reply.body(value)) return;
    if (!isEnd) return;
    if (value !== undefined && !isChunk(Array.isArray(value) ? value[0] : value))
      throw malformed('the response is not a reply', false);
    this.#reply.event({ data: this.#text });
  }

  /** Whether the first line is a chunk. It is checked once. */
  #beginsWithChunk(): boolean {
    const end = this.#hasLine ? -1 : this.#text.trimStart().indexOf('\n');
    if (end < 0) return false;
    this.#hasLine = true;
    const value = jsonOf(this.#text.trimStart().slice(0, end));
    return isChunk(value) && !membersOf(choiceOf(membersOf(value)))['message'];
  }

  #lines(isEnd: boolean): void {
    const lines = this.#text.split('\n');
    this.#text = isEnd ? '' : lines.pop()!;
    for (const data of lines) this.#reply.event({ data });
  }
}
