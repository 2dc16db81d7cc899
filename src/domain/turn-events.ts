// From what is known of a turn (its row, the records of its stream) to the events that one reader has not seen. No I/O.
import { compareGenerations, type DeltaRecord, type Generation } from './delta.ts';
import { eventIdOf, isAtStart, isBeforeSettled, stageOf, type StreamPosition } from './stream-position.ts';
import { isFinal, type Turn } from './turn.ts';

export type TurnEvent =
  /** The whole turn. With status `running` the text begins anew: what deltas told before is void. */
  | { readonly type: 'turn'; readonly id: string; readonly turn: Turn }
  /** The next piece of the reply. */
  | { readonly type: 'delta'; readonly id: string; readonly text: string };

/** Whether a reader who resumes gets the delivered reply in pieces. A reviewed reply is sent only with the final turn, as
 *  it was to readers who never lost their connection. */
const isSentInPieces = (turn: Turn): boolean => turn.status === 'completed' && turn.review === null;

/** The turn as its row was while this generation ran: who resumes later is told the same as who read on. */
const asRunning = (turn: Turn, { epoch, attempt }: Generation): Turn => ({
  ...turn,
  status: 'running',
  epoch,
  attempts: attempt,
  reply: null,
  partialReply: null,
  error: null,
  usage: null,
  model: null,
  finishedAt: null,
});

export class TurnEvents {
  #place: StreamPosition;

  constructor(place: StreamPosition) {
    this.#place = place;
  }

  get place(): StreamPosition {
    return this.#place;
  }

  /** Nothing was told yet. */
  get isAtStart(): boolean {
    return isAtStart(this.#place);
  }

  /** What the row says that was not told yet. Of a final turn: after all records were given to `record`. */
  turn(turn: Turn): TurnEvent[] {
    const stage = stageOf(turn.status);
    if (turn.status === 'running') {
      const generation = { epoch: turn.epoch, attempt: turn.attempts };
      return this.#isNew(generation) ? [this.#begin(turn, generation)] : [];
    }
    if (stage <= this.#place.stage) return [];
    const rest = isFinal(turn.status) ? this.#awaitSettled(turn) : [];
    this.#place = { ...this.#place, stage };
    return [...rest, { type: 'turn', id: eventIdOf(this.#place), turn }];
  }

  /** What the record adds. Null: pieces before it are missing. `turn`: the row as it was read last. */
  record(turn: Turn, record: DeltaRecord): TurnEvent[] | null {
    const events: TurnEvent[] = [];
    if (this.#isNew(record)) {
      // Only from its beginning: what came before is either on its way or lost.
      if (record.start > 0) return null;
      events.push(this.#begin(turn, record));
    }
    // A worker that was taken over may go on for a while.
    if (compareGenerations(record, this.#place) < 0 || !isBeforeSettled(this.#place)) return events;
    if (record.start > this.#place.offset) return null;
    return [...events, ...this.#piece(record.text.slice(this.#place.offset - record.start))];
  }

  #isNew(generation: Generation): boolean {
    if (!isBeforeSettled(this.#place)) return false;
    return this.#place.stage < stageOf('running') || compareGenerations(generation, this.#place) > 0;
  }

  #begin(turn: Turn, { epoch, attempt }: Generation): TurnEvent {
    this.#place = { stage: stageOf('running'), epoch, attempt, offset: 0 };
    return { type: 'turn', id: eventIdOf(this.#place), turn: asRunning(turn, { epoch, attempt }) };
  }

  #piece(text: string): TurnEvent[] {
    if (text === '') return [];
    this.#place = { ...this.#place, offset: this.#place.offset + text.length };
    return [{ type: 'delta', id: eventIdOf(this.#place), text }];
  }

  /** The reply as far as no record told it, so that the deltas make up the reply even if Redis lost all of them. Who
   *  asks of a final turn for the first time has it in the turn. */
  #awaitSettled(turn: Turn): TurnEvent[] {
    if (!isSentInPieces(turn) || this.isAtStart || !isBeforeSettled(this.#place)) return [];
    const generation = { epoch: turn.epoch, attempt: turn.attempts };
    const begin = this.#isNew(generation) ? [this.#begin(turn, generation)] : [];
    return [...begin, ...this.#piece((turn.reply ?? '').slice(this.#place.offset))];
  }
}
