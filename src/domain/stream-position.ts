// How far a reader has come in the events of a turn. It is the id of every event, and all there is to resume from: any
// ingress process goes on from it, with or without the records of the stream.
import type { Generation } from './delta.ts';
import { isFinal, type Turn, type TurnStatus } from './turn.ts';

const STAGES = { nothing: -1, queued: 0, running: 1, awaiting_review: 2, final: 3 } as const;
type Stage = (typeof STAGES)[keyof typeof STAGES];

export interface StreamPosition extends Generation {
  /** The latest state that was told. */
  readonly stage: Stage;
  /** How much of the generation's text was told, in UTF-16 units. */
  readonly offset: number;
}

export const START: StreamPosition = { stage: STAGES.nothing, epoch: 0, attempt: 0, offset: 0 };
const EVENT_ID = /^([0-3])\.(\d{1,9})\.(\d{1,9})\.(\d{1,9})$/;

export function stageOf(status: TurnStatus): Stage {
  if (isFinal(status)) return STAGES.final;
  return STAGES[status as 'queued' | 'running' | 'awaiting_review'];
}

/** The id of the event that brings a reader to this place. */
export const eventIdOf = ({ stage, epoch, attempt, offset }: StreamPosition): string =>
  `${stage}.${epoch}.${attempt}.${offset}`;

/** The place to go on from. What is no id of this turn's events means the beginning: the first event is then a whole
 *  turn, with which readers begin anew, so that nothing is ever told wrongly. */
export function positionOf(eventId: string | undefined, turn: Turn): StreamPosition {
  const parts = EVENT_ID.exec(eventId ?? '');
  if (!parts) return START;
  const [stage, epoch, attempt, offset] = parts.slice(1).map(Number) as [Stage, number, number, number];
  const ahead = epoch > turn.epoch || stage > stageOf(turn.status);
  return ahead ? START : { stage, epoch, attempt, offset };
}

/** Nothing is left to tell. */
export const isAtEnd = ({ stage }: StreamPosition): boolean => stage === STAGES.final;

/** Nothing was told yet. */
export const isAtStart = ({ stage }: StreamPosition): boolean => stage === STAGES.nothing;

/** Whether the reply may still be told in pieces. */
export const isBeforeSettled = ({ stage }: StreamPosition): boolean => stage <= STAGES.running;
