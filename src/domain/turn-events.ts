// Converts the row of a turn and the records of its stream to the events that one reader has not seen yet. No I/O.
import { compareGenerations, type DeltaRecord, type Generation } from './delta.ts';
import { eventIdOf, isAfter, isAtStart, isBeforeSettled, stageOf, type StreamPosition } from './stream-position.ts';
import type { TurnStep } from './tools/step.ts';
import { isFinal, type Turn } from './turn.ts';

export type TurnEvent =
  /** The whole turn. With status `running` the reply text restarts: earlier deltas are void. */
  | { readonly type: 'turn'; readonly id: string; readonly turn: Turn }
  /** A call of a tool changed. */
  | { readonly type: 'step'; readonly id: string; readonly step: TurnStep }
  /** The next delta of the reply. */
  | { readonly type: 'delta'; readonly id: string; readonly text: string };

/** Whether a reader that resumes gets the delivered reply as deltas. A reviewed reply is sent only with the final turn,
 *  as it is to readers that stay connected. */
const isSentAsDeltas = (turn: Turn): boolean => turn.status === 'completed' && turn.review?.kind !== 'reply';

/** The turn as its row was while this generation ran, so that readers that resume get the same event as others did. */
const asRunning = (turn: Turn, { epoch, attempt }: Generation): Turn => ({
  ...turn,
  status: 'running',
  epoch,
  attempts: attempt,
  reply: null,
  partialReply: null,
  finishReason: null,
  error: null,
  usage: null,
  model: null,
  finishedAt: null,
});

const lastChangeOf = ({ steps }: Turn): number => Math.max(0, ...steps.map(({ changed }) => changed));

export class TurnEvents {
  #position: StreamPosition;

  constructor(position: StreamPosition) {
    this.#position = position;
  }

  get position(): StreamPosition {
    return this.#position;
  }

  /** Nothing has been sent yet. */
  get isAtStart(): boolean {
    return isAtStart(this.#position);
  }

  /** The events that the row adds. For a final turn, call this after all records were passed to `record`. */
  turn(turn: Turn): TurnEvent[] {
    // A reader gets the steps so far with its first event.
    if (this.isAtStart) this.#position = { ...this.#position, step: lastChangeOf(turn) };
    const steps = this.#steps(turn);
    if (turn.status === 'running') {
      const generation = { epoch: turn.epoch, attempt: turn.attempts };
      return this.#isNew(generation) ? [...steps, this.#begin(turn, generation)] : steps;
    }
    if (!isAfter(turn, this.#position)) return steps;
    const rest = isFinal(turn.status) ? this.#restOfReply(turn) : [];
    this.#position = { ...this.#position, ...this.#settledAt(turn) };
    return [...steps, ...rest, { type: 'turn', id: eventIdOf(this.#position), turn }];
  }

  /** Where a reader is after the event of a turn that is not running. */
  #settledAt({ status, epoch }: Turn): Partial<StreamPosition> {
    const stage = stageOf(status);
    return epoch > this.#position.epoch ? { stage, epoch, attempt: 0, offset: 0 } : { stage };
  }

  #steps(turn: Turn): TurnEvent[] {
    const changed = turn.steps.filter((step) => step.changed > this.#position.step);
    return changed
      .toSorted((a, b) => a.changed - b.changed || a.step - b.step)
      .map((step) => {
        this.#position = { ...this.#position, step: step.changed };
        return { type: 'step', id: eventIdOf(this.#position), step };
      });
  }

  /** The events that the record adds; null: records before it are missing. `turn`: the row as it was last read. */
  record(turn: Turn, record: DeltaRecord): TurnEvent[] | null {
    const events: TurnEvent[] = [];
    if (this.#isNew(record)) {
      // A new generation starts with its first record. The records before this one are still on their way, or lost.
      if (record.start > 0) return null;
      events.push(this.#begin(turn, record));
    }
    // A worker whose claim was taken over may continue to write for a while.
    if (compareGenerations(record, this.#position) < 0 || !isBeforeSettled(this.#position)) return events;
    if (record.start > this.#position.offset) return null;
    return [...events, ...this.#delta(record.text.slice(this.#position.offset - record.start))];
  }

  #isNew(generation: Generation): boolean {
    const { stage, epoch } = this.#position;
    // A turn that is queued again runs in a higher epoch.
    if (!isBeforeSettled(this.#position)) return generation.epoch > epoch;
    if (stage < stageOf('running')) return generation.epoch >= epoch;
    return compareGenerations(generation, this.#position) > 0;
  }

  #begin(turn: Turn, { epoch, attempt }: Generation): TurnEvent {
    this.#position = { ...this.#position, stage: stageOf('running'), epoch, attempt, offset: 0 };
    return { type: 'turn', id: eventIdOf(this.#position), turn: asRunning(turn, { epoch, attempt }) };
  }

  #delta(text: string): TurnEvent[] {
    if (text === '') return [];
    this.#position = { ...this.#position, offset: this.#position.offset + text.length };
    return [{ type: 'delta', id: eventIdOf(this.#position), text }];
  }

  /** The part of the reply that no record contained, so that the deltas add up to the reply even if Redis lost all of
   *  them. A reader whose first event is the final turn gets the reply in it. */
  #restOfReply(turn: Turn): TurnEvent[] {
    if (!isSentAsDeltas(turn) || this.isAtStart || !isBeforeSettled(this.#position)) return [];
    const generation = { epoch: turn.epoch, attempt: turn.attempts };
    const begin = this.#isNew(generation) ? [this.#begin(turn, generation)] : [];
    return [...begin, ...this.#delta((turn.reply ?? '').slice(this.#position.offset))];
  }
}
