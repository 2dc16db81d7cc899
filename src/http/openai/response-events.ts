// Converts the events of a turn to the events of its response that one client has not received. No I/O.
import type { Generation } from '../../domain/delta.ts';
import { START, type StreamPosition } from '../../domain/stream-position.ts';
import type { TurnEvent } from '../../domain/turn-events.ts';
import type { ClientCall } from '../../domain/tools/client-tools.ts';
import { callsOf, isFinal, type Turn } from '../../domain/turn.ts';
import type { Problem } from '../problem.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import { restartedProblem } from './completion-stream.ts';
import { openAiErrorDocument } from './errors.ts';
import { GrowingText } from './growing-text.ts';
import { messageIdOf } from './ids.ts';
import { functionCallJson, isCutOff, messageJson, responseJson, textJson } from './response-json.ts';
import { lastNumberOf, NUMBERS, numberAt, positionOfNumber } from './sequence.ts';

export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [member: string]: unknown;
}

/** The turn as it was before it had a reply or an error. */
const withoutOutcome = (turn: Turn, status: 'queued' | 'running'): Turn => ({
  ...turn,
  status,
  reply: null,
  partialReply: null,
  finishReason: null,
  error: null,
  usage: null,
  model: null,
  finishedAt: null,
});

const FINAL_EVENTS: Readonly<Partial<Record<Turn['status'], string>>> = { failed: 'response.failed' };

export class ResponseEvents {
  readonly #after: number;
  readonly #text: GrowingText;
  #turn: Turn;
  #generation: Generation;
  /** The number of the last event that was created, of those before the text. */
  #lastBeforeText = -1;
  /** The number of the last event that the client has. */
  #lastSent: number;
  #done = false;

  /** `after`: the number of the last event that the client has; -1: none. */
  constructor(turn: Turn, after: number) {
    const position = positionOfNumber(after);
    this.#turn = turn;
    this.#after = after;
    this.#lastSent = after;
    this.#generation = position ?? START;
    this.#text = new GrowingText(position?.offset ?? 0);
  }

  /** The stream position to read from for a client that has the events up to this number. */
  static startPosition(after: number): StreamPosition {
    const position = positionOfNumber(after);
    // The text is read from its start, so that the client's part can be compared with the new text after a restart.
    return position ? { ...START, stage: 1, ...position, offset: 0 } : START;
  }

  /** Whether the last event was returned. */
  get isDone(): boolean {
    return this.#done;
  }

  /** The events that follow from an event of the turn and that the client does not have. */
  take(event: TurnEvent): ResponseEvent[] {
    if (event.type === 'step') return [];
    const events = event.type === 'delta' ? this.#delta(event.text) : this.#changed(event.turn);
    const unsent = events.filter((each) => each.sequence_number > this.#after || each.type === 'error');
    this.#lastSent = Math.max(this.#lastSent, ...unsent.map((each) => each.sequence_number));
    return unsent;
  }

  /** Ends the stream with an error. Its number is that of the last sent event, from which the client can resume. */
  fail(problem: Problem): ResponseEvent {
    const { error } = openAiErrorDocument(problem);
    this.#done = true;
    // Flat as in OpenAI's documentation, and nested, where the clients read it.
    return { ...error, error, type: 'error', sequence_number: this.#lastSent };
  }

  #changed(turn: Turn): ResponseEvent[] {
    this.#turn = turn;
    const events = this.#prelude(turn);
    if (turn.status === 'running') {
      this.#generation = { epoch: turn.epoch, attempt: turn.attempts };
      if (!this.#text.restart()) return [...events, this.fail(restartedProblem(turn))];
    }
    return isFinal(turn.status) ? [...events, ...this.#end(turn)] : events;
  }

  #prelude(turn: Turn): ResponseEvent[] {
    const events: ResponseEvent[] = [];
    const emit = (number: number, type: string, state: Turn) => {
      if (this.#lastBeforeText < number) events.push(this.#response(type, number, state));
      this.#lastBeforeText = Math.max(this.#lastBeforeText, number);
    };
    emit(NUMBERS.created, 'response.created', withoutOutcome(turn, 'queued'));
    if (turn.status !== 'queued') emit(NUMBERS.inProgress, 'response.in_progress', withoutOutcome(turn, 'running'));
    if (turn.status === 'awaiting_review') emit(NUMBERS.awaitingReview, 'response.in_progress', turn);
    return events;
  }

  #response(type: string, number: number, turn: Turn): ResponseEvent {
    return { type, sequence_number: number, response: responseJson(turn) };
  }

  #part(type: string, number: number, members: object): ResponseEvent {
    const location = { item_id: messageIdOf(this.#turn.turnId), output_index: 0, content_index: 0 };
    return { type, sequence_number: number, ...location, ...members };
  }

  #item(type: string, number: number, item: object, index = 0): ResponseEvent {
    return { type, sequence_number: number, output_index: index, item };
  }

  #beforeText(): ResponseEvent[] {
    if (this.#lastBeforeText >= NUMBERS.partAdded) return [];
    this.#lastBeforeText = NUMBERS.partAdded;
    const item = messageJson(this.#turn.turnId, 'in_progress', null);
    return [
      this.#item('response.output_item.added', NUMBERS.itemAdded, item),
      this.#part('response.content_part.added', NUMBERS.partAdded, { part: textJson('') }),
    ];
  }

  #textDelta(added: string | null): ResponseEvent[] {
    if (added === null) return [this.fail(restartedProblem(this.#turn))];
    if (added === '') return [];
    const number = numberAt(this.#generation, this.#text.length);
    return [this.#part('response.output_text.delta', number, { delta: added, logprobs: [] })];
  }

  #delta(text: string): ResponseEvent[] {
    return [...this.#beforeText(), ...this.#textDelta(this.#text.add(text))];
  }

  /** The part of the partial reply that the deltas did not contain. A client without deltas gets it in the response. */
  #restOfPartial({ partialReply }: Turn): ResponseEvent[] {
    if (this.#lastBeforeText < NUMBERS.partAdded) return [];
    return this.#textDelta(this.#text.finish(partialReply ?? '') ?? '');
  }

  #end(turn: Turn): ResponseEvent[] {
    const text = replyOf(turn);
    if (text === null) {
      const rest = this.#restOfPartial(turn);
      this.#done = true;
      return [...rest, this.#response(FINAL_EVENTS[turn.status] ?? 'response.incomplete', lastNumberOf(turn), turn)];
    }
    const generation = { epoch: turn.epoch, attempt: turn.attempts };
    const isNew = numberAt(generation, 0) !== numberAt(this.#generation, 0);
    this.#generation = generation;
    const contradicts = isNew && !this.#text.restart();
    const rest = contradicts ? null : this.#text.finish(text);
    const calls = callsOf(turn);
    // A reply may consist of calls only.
    const hasText = text !== '' || calls.length === 0;
    const events = [...(hasText ? this.#beforeText() : []), ...this.#textDelta(rest)];
    if (this.#done) return events;
    this.#done = true;
    const end = numberAt(generation, text.length);
    const ended = isCutOff(turn) ? 'incomplete' : 'completed';
    const ends = [
      ...(hasText ? this.#textEnd(turn, text, ended) : []),
      ...calls.flatMap((call, number) => this.#call(turn, call, { number, index: number + (hasText ? 1 : 0) })),
      this.#response(`response.${ended}`, 0, turn),
    ];
    return [...events, ...ends.map((event, at) => ({ ...event, sequence_number: end + 1 + at }))];
  }

  /** The events that end the text. Their numbers follow that of its last delta. */
  #textEnd(turn: Turn, text: string, ended: 'completed' | 'incomplete'): ResponseEvent[] {
    return [
      this.#part('response.output_text.done', 0, { text, logprobs: [] }),
      this.#part('response.content_part.done', 0, { part: textJson(text) }),
      this.#item('response.output_item.done', 0, messageJson(turn.turnId, ended, text)),
    ];
  }

  /** The events of a call, which is always sent whole. */
  #call(
    { turnId }: Turn,
    call: ClientCall,
    { number, index }: { readonly number: number; readonly index: number },
  ): ResponseEvent[] {
    const item = functionCallJson(turnId, number, call);
    const place = { item_id: item.id, output_index: index, sequence_number: 0 };
    const begun = { ...item, status: 'in_progress', arguments: '' };
    return [
      this.#item('response.output_item.added', 0, begun, index),
      { type: 'response.function_call_arguments.delta', ...place, delta: call.arguments },
      { type: 'response.function_call_arguments.done', ...place, name: call.name, arguments: call.arguments },
      this.#item('response.output_item.done', 0, item, index),
    ];
  }
}
