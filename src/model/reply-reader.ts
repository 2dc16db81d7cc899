// Reads one reply: takes the server-sent events or the JSON body of a response, and gives the deltas and the completion,
// or a ModelError. Pure.
import type { Usage } from '../domain/turn.ts';
import { storableText } from '../domain/text.ts';
import {
  callsOf,
  choiceOf,
  contentOf,
  finishOf,
  isError,
  membersOf,
  refusalOf,
  usageOf,
  type Finish,
  type Members,
} from './dialects.ts';
import { reportedError } from './failure.ts';
import { ModelError, type Completion } from './model.ts';
import { ToolCalls } from './tool-calls.ts';
import { VisibleText } from './visible-text.ts';

/** Maximum length of a reply with its calls in UTF-16 units. A longer one is not a chat message. */
const REPLY_LIMIT = 200_000;
/** The same with its reasoning. */
const TEXT_LIMIT = 4_000_000;
/** Maximum length of a model name in UTF-16 units. */
const NAME_LIMIT = 200;

const DONE = /^"?\[DONE\]"?$/i;

export interface ReplyReaderOptions {
  /** The model that was called. It is reported if the endpoint reports no name. */
  readonly model: string;
  readonly onDelta?: ((text: string) => void) | undefined;
  /** The names of the tools that were offered. Missing: none, so calls are ignored. */
  readonly tools?: ReadonlySet<string> | undefined;
  /** Called when the deltas so far turn out to be reasoning. */
  readonly onVoid?: (() => void) | undefined;
  /** The reply may begin with reasoning that has no opening mark: it is one delta, at its end. */
  readonly holdDeltas: boolean;
  /** Milliseconds that the response asks us to wait if it is an error; null: it does not ask. */
  readonly retryAfterMs: () => number | null;
}

const malformed = (detail: string, retryable: boolean): ModelError =>
  new ModelError('model_malformed_reply', detail, { retryable });

/** The value of a JSON text; undefined: it is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export class ReplyReader {
  readonly #options: ReplyReaderOptions;
  readonly #visible = new VisibleText();
  readonly #calls: ToolCalls;
  #text = '';
  /** Characters of the names and arguments of calls. */
  #callsLength = 0;
  /** Characters of all text, reasoning and calls too. */
  #length = 0;
  /** The text of a response that sends all of it again with each event. */
  #whole = '';
  #refused = false;
  #finish: Finish | null = null;
  #usage: Usage | null = null;
  #model: string;
  #done = false;
  #unreadable = false;
  #voided = false;

  constructor(options: ReplyReaderOptions) {
    this.#options = options;
    this.#model = options.model;
    this.#calls = new ToolCalls(options.tools ?? new Set());
  }

  /** Nothing follows any more. */
  get isDone(): boolean {
    return this.#done;
  }

  /** The endpoint said that the reply has ended. What follows is not needed: usage, or nothing. */
  get isWhole(): boolean {
    return this.#done || (this.#finish !== null && this.#finish !== 'broken');
  }

  /** Characters of text and calls so far, with reasoning. It grows while the model writes. */
  get length(): number {
    return this.#length;
  }

  /** Whether the reply began with reasoning that had no opening mark, so that its deltas were void. */
  get startedWithReasoning(): boolean {
    return this.#voided;
  }

  /** Reads one server-sent event. @throws ModelError */
  event({ event, data }: { readonly event?: string | undefined; readonly data: string }): void {
    const text = data.trim();
    if (this.#done || text === '') return;
    if (DONE.test(text)) {
      this.#done = true;
      return;
    }
    const value = jsonOf(text);
    if (value !== undefined) return this.#values(value, event === 'error');
    const lines = text.split('\n');
    // Some endpoints do not end their events with an empty line.
    if (lines.length > 1 && jsonOf(lines[0]!) !== undefined) {
      for (const line of lines) this.event({ event, data: line });
      return;
    }
    if (this.isWhole) return;
    if (event === 'error') throw this.#error(text);
    if (event !== undefined && event !== 'message') return;
    // The error of JSON.parse contains text of the reply.
    if (/^[{[]/.test(text)) throw malformed('an event of the model endpoint is not JSON', true);
    // Perhaps a sign of life. It matters only if nothing else says that the reply is whole.
    this.#unreadable = true;
  }

  /** Reads a response that is one JSON value. False: it may be the first of several values. @throws ModelError */
  body(value: unknown): boolean {
    const all = (Array.isArray(value) ? value : [value]).map(membersOf);
    const choice = choiceOf(all[0] ?? {});
    const isCompletion = Boolean(choice['message']) || typeof choice['text'] === 'string';
    if (!isCompletion && !all.some(isError)) return false;
    this.#values(value, false);
    this.#done = true;
    return true;
  }

  #values(value: unknown, isErrorEvent: boolean): void {
    for (const each of (Array.isArray(value) ? value : [value]).map(membersOf)) {
      if (isErrorEvent || isError(each)) {
        // The reply itself is whole: the error is about what follows it.
        if (this.isWhole) continue;
        throw this.#error(each);
      }
      this.#value(each);
    }
  }

  #error(body: unknown): ModelError {
    return reportedError({ status: null, body, retryAfterMs: this.#options.retryAfterMs() });
  }

  #value(value: Members): void {
    const { model } = value;
    if (typeof model === 'string') this.#model = storableText(model).slice(0, NAME_LIMIT).toWellFormed() || this.#model;
    this.#usage = usageOf(value) ?? this.#usage;
    const choice = choiceOf(value);
    const { message, text, whole } = contentOf(choice);
    this.#refused ||= refusalOf(message) !== '';
    this.#add(whole ? this.#restOf(text) : text);
    if (this.#options.tools?.size) this.#addCalls(choice);
    this.#finish = finishOf(choice) ?? this.#finish;
  }

  /** The part of the whole text that was not read before. */
  #restOf(text: string): string {
    // The pieces were read before.
    if (this.#whole === '' && this.#length > 0) return '';
    const rest = text.startsWith(this.#whole) ? text.slice(this.#whole.length) : text;
    this.#whole += rest;
    return rest;
  }

  #add(text: string): void {
    if (text === '') return;
    this.#length += text.length;
    this.#show(this.#visible.add(text));
    this.#checkLength();
  }

  #addCalls(choice: Members): void {
    const { parts, whole } = callsOf(choice);
    const added = this.#calls.add(parts, whole);
    this.#callsLength += added;
    this.#length += added;
    this.#checkLength();
    if (this.#calls.isTooMany) throw malformed('the reply has too many tool calls', true);
  }

  #checkLength(): void {
    if (this.#text.length + this.#callsLength <= REPLY_LIMIT && this.#length <= TEXT_LIMIT) return;
    const detail = `the reply has more than ${REPLY_LIMIT} characters`;
    throw new ModelError('model_reply_too_long', detail, { retryable: false });
  }

  #show(piece: string): void {
    const { holdDeltas, onDelta, onVoid } = this.#options;
    if (this.#visible.voided && !this.#voided) {
      this.#voided = true;
      this.#text = '';
      if (!holdDeltas) onVoid?.();
    }
    this.#text += piece;
    if (piece !== '' && !holdDeltas) onDelta?.(piece);
  }

  /** The completion, after the last event. To be called once. @throws ModelError if the reply is not whole */
  completion(): Completion {
    if (this.#refused || this.#finish === 'refused')
      throw new ModelError('model_refused', 'the model refused to answer', { retryable: false });
    if (!this.isWhole || this.#finish === 'broken')
      throw new ModelError('model_unavailable', 'the reply is incomplete', { retryable: true });
    if (this.#finish === null && this.#unreadable) throw malformed('an event of the model endpoint is not JSON', true);
    this.#show(this.#visible.end());
    const calls = this.#calls.result(this.#finish === 'length');
    if (calls.some(({ name }) => name === '')) throw malformed('a tool call has no name', true);
    const finishReason = calls.length > 0 ? 'tool_calls' : (this.#finish ?? 'stop');
    const isEmpty = this.#text.trim() === '';
    // With the same limit the next attempt would end in the reasoning too.
    if (isEmpty && calls.length === 0) throw malformed('the reply is empty', finishReason !== 'length');
    if (this.#options.holdDeltas && this.#text !== '') this.#options.onDelta?.(this.#text);
    return {
      text: this.#text,
      model: this.#model,
      usage: this.#usage,
      finishReason,
      ...(calls.length > 0 && { toolCalls: calls }),
    };
  }
}
