// From the events of a turn to the events of its response that one client has not seen. No I/O.
import type { Generation } from '../../domain/delta.ts';
import { START, type StreamPosition } from '../../domain/stream-position.ts';
import type { TurnEvent } from '../../domain/turn-events.ts';
import { isFinal, type Turn } from '../../domain/turn.ts';
import type { Problem } from '../problem.ts';
import { replyOf } from '../endpoints/turn-json.ts';
import { restarted } from './completion-stream.ts';
import { openAiErrorDocument } from './errors.ts';
import { GrowingText } from './growing-text.ts';
import { messageIdOf } from './ids.ts';
import { messageJson, responseJson, textJson } from './response-json.ts';
import { LAST, NUMBERS, numberAt, placeOfNumber } from './sequence.ts';

export interface ResponseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly [member: string]: unknown;
}

/** As the row was before there was anything to tell of the reply. */
const begun = (turn: Turn, status: 'queued' | 'running'): Turn => ({
  ...turn,
  status,
  reply: null,
  partialReply: null,
  error: null,
  usage: null,
  model: null,
  finishedAt: null,
});

const FINAL_EVENTS: Readonly<Partial<Record<Turn['status'], string>>> = { failed: 'response.failed' };

export class ResponseEvents {
  readonly #model: string;
  readonly #after: number;
  readonly #text: GrowingText;
  #turn: Turn;
  #generation: Generation;
  /** The last event of those before the text that was told of. */
  #told = -1;
  #seen: number;
  #over = false;

  /** `after`: the number of the last event that the client has; -1: it has none. `model`: the configured one. */
  constructor(turn: Turn, after: number, model: string) {
    const place = placeOfNumber(after);
    this.#turn = turn;
    this.#model = model;
    this.#after = after;
    this.#seen = after;
    this.#generation = place ?? START;
    this.#text = new GrowingText(place?.offset ?? 0);
  }

  /** Where to begin to read for a client that has the events up to this number. */
  static placeFor(after: number): StreamPosition {
    const place = placeOfNumber(after);
    // The text from its beginning, so that a client's part of it can be compared if it is begun anew.
    return place && after < LAST ? { ...START, stage: 1, ...place, offset: 0 } : START;
  }

  /** No event comes any more. */
  get isOver(): boolean {
    return this.#over;
  }

  /** What this event of the turn adds. */
  take(event: TurnEvent): ResponseEvent[] {
    const events = event.type === 'delta' ? this.#delta(event.text) : this.#changed(event.turn);
    const unseen = events.filter((each) => each.sequence_number > this.#after || each.type === 'error');
    this.#seen = Math.max(this.#seen, ...unseen.map((each) => each.sequence_number));
    return unseen;
  }

  /** The stream ends here; the client goes on from the last event it has. */
  broken(problem: Problem): ResponseEvent {
    const { error } = openAiErrorDocument(problem);
    this.#over = true;
    // Flat as it is documented, and nested, where the clients look for it.
    return { ...error, error, type: 'error', sequence_number: this.#seen };
  }

  #changed(turn: Turn): ResponseEvent[] {
    this.#turn = turn;
    const events = this.#prelude(turn);
    if (turn.status === 'running') {
      this.#generation = { epoch: turn.epoch, attempt: turn.attempts };
      if (!this.#text.restart()) return [...events, this.broken(restarted(turn))];
    }
    return isFinal(turn.status) ? [...events, ...this.#end(turn)] : events;
  }

  #prelude(turn: Turn): ResponseEvent[] {
    const events: ResponseEvent[] = [];
    const tell = (number: number, type: string, shown: Turn) => {
      if (this.#told < number) events.push(this.#whole(type, number, shown));
      this.#told = Math.max(this.#told, number);
    };
    tell(NUMBERS.created, 'response.created', begun(turn, 'queued'));
    if (turn.status !== 'queued') tell(NUMBERS.inProgress, 'response.in_progress', begun(turn, 'running'));
    if (turn.status === 'awaiting_review') tell(NUMBERS.awaitingReview, 'response.in_progress', turn);
    return events;
  }

  #whole(type: string, number: number, turn: Turn): ResponseEvent {
    return { type, sequence_number: number, response: responseJson(turn, this.#model) };
  }

  #part(type: string, number: number, members: object): ResponseEvent {
    const place = { item_id: messageIdOf(this.#turn.turnId), output_index: 0, content_index: 0 };
    return { type, sequence_number: number, ...place, ...members };
  }

  #item(type: string, number: number, item: object): ResponseEvent {
    return { type, sequence_number: number, output_index: 0, item };
  }

  #beforeText(): ResponseEvent[] {
    if (this.#told >= NUMBERS.partAdded) return [];
    this.#told = NUMBERS.partAdded;
    const item = messageJson(this.#turn.turnId, 'in_progress', null);
    return [
      this.#item('response.output_item.added', NUMBERS.itemAdded, item),
      this.#part('response.content_part.added', NUMBERS.partAdded, { part: textJson('') }),
    ];
  }

  #piece(fresh: string | null): ResponseEvent[] {
    if (fresh === null) return [this.broken(restarted(this.#turn))];
    if (fresh === '') return [];
    const number = numberAt(this.#generation, this.#text.length);
    return [this.#part('response.output_text.delta', number, { delta: fresh, logprobs: [] })];
  }

  #delta(text: string): ResponseEvent[] {
    return [...this.#beforeText(), ...this.#piece(this.#text.add(text))];
  }

  #end(turn: Turn): ResponseEvent[] {
    const text = replyOf(turn);
    if (text === null) {
      this.#over = true;
      return [this.#whole(FINAL_EVENTS[turn.status] ?? 'response.incomplete', LAST, turn)];
    }
    const generation = { epoch: turn.epoch, attempt: turn.attempts };
    const isNew = numberAt(generation, 0) !== numberAt(this.#generation, 0);
    this.#generation = generation;
    const contradicts = isNew && !this.#text.restart();
    const rest = contradicts ? null : this.#text.finish(text);
    const events = [...this.#beforeText(), ...this.#piece(rest)];
    if (this.#over) return events;
    this.#over = true;
    const end = numberAt(generation, text.length);
    const part = textJson(text);
    return [
      ...events,
      this.#part('response.output_text.done', end + 1, { text, logprobs: [] }),
      this.#part('response.content_part.done', end + 2, { part }),
      this.#item('response.output_item.done', end + 3, messageJson(turn.turnId, 'completed', text)),
      this.#whole('response.completed', end + 4, turn),
    ];
  }
}
