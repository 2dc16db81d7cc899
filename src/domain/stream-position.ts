// The position of a reader in the events of a turn. Every event has its position as id, and a reader needs nothing else
// to resume: any ingress process can continue from it, with or without the records of the stream.
import type { Generation } from './delta.ts';
import { isFinal, type Turn, type TurnStatus } from './turn.ts';

const STAGES = { start: -1, queued: 0, running: 1, awaiting_review: 2, final: 3 } as const;
type Stage = (typeof STAGES)[keyof typeof STAGES];

export interface StreamPosition extends Generation {
  /** The latest state that was sent. */
  readonly stage: Stage;
  /** How much of the generation's text was sent, in UTF-16 units. */
  readonly offset: number;
  /** The number of the last change of a step that was sent; 0: none. */
  readonly step: number;
}

export const START: StreamPosition = { stage: STAGES.start, epoch: 0, attempt: 0, offset: 0, step: 0 };
const EVENT_ID = /^([0-3])\.(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?$/;

export function stageOf(status: TurnStatus): Stage {
  if (isFinal(status)) return STAGES.final;
  return STAGES[status as 'queued' | 'running' | 'awaiting_review'];
}

/** The id of the event that moves a reader to this position. */
export const eventIdOf = ({ stage, epoch, attempt, offset, step }: StreamPosition): string =>
  `${stage}.${epoch}.${attempt}.${offset}${step > 0 ? `.${step}` : ''}`;

/** The position to continue from. An id that does not belong to this turn's events restarts the stream: the first event
 *  is then a whole turn, which replaces what the reader has. So a reader never combines texts that do not match. The final
 *  event of a turn that was retried later is not the end: it has a lower epoch. */
export function positionOf(eventId: string | undefined, turn: Turn): StreamPosition {
  const parts = EVENT_ID.exec(eventId ?? '');
  if (!parts) return START;
  const [stage, epoch, attempt, offset, step] = parts
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0)) as PositionParts;
  const ahead = epoch > turn.epoch || (epoch === turn.epoch && stage > stageOf(turn.status));
  const retried = stage === STAGES.final && epoch < turn.epoch;
  return ahead || retried ? START : { stage, epoch, attempt, offset, step };
}

type PositionParts = [stage: Stage, epoch: number, attempt: number, offset: number, step: number];

/** Whether the state of the row comes after the position: a turn that is queued again has a higher epoch. */
export const isAfter = (turn: Turn, { stage, epoch }: StreamPosition): boolean =>
  stage === STAGES.start ||
  (turn.epoch > epoch && (stage >= STAGES.awaiting_review || turn.status === 'queued')) ||
  stageOf(turn.status) > stage;

/** Nothing is left to send. */
export const isAtEnd = ({ stage }: StreamPosition): boolean => stage === STAGES.final;

/** Nothing has been sent yet. */
export const isAtStart = ({ stage }: StreamPosition): boolean => stage === STAGES.start;

/** Whether deltas of the reply may still be sent. */
export const isBeforeSettled = ({ stage }: StreamPosition): boolean => stage <= STAGES.running;
