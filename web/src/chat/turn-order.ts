// The order of the reports of a turn, and what follows from its status and its calls. Pure.
import type { Step, TurnStatus } from '../api/derived.ts';
import type { Turn } from '../api/types.ts';

/** Order of the statuses within a round. */
const RANK: Readonly<Record<TurnStatus, number>> = {
  queued: 0,
  running: 1,
  awaiting_review: 2,
  completed: 3,
  rejected: 3,
  expired: 3,
  cancelled: 3,
  failed: 3,
};

/** Where a turn is. A decision on a call queues the turn again, so each review and each decision begins a round. A final
 *  turn is behind all others. */
const positionOf = ({ status, review }: Turn): readonly number[] => [
  RANK[status] === RANK.completed ? 1 : 0,
  review === null ? 0 : Date.parse(review.deadline),
  review?.decided_at ? 1 : 0,
  RANK[status],
];

/** A failed turn that has more attempts than before was retried. */
const wasRetried = (before: Turn, after: Turn): boolean =>
  before.status === 'failed' && after.attempts > before.attempts;

/** The newer of two reports of one turn: a late report must not move a turn back. */
export function newer(known: Turn | undefined, received: Turn): Turn {
  if (!known || wasRetried(known, received)) return received;
  if (wasRetried(received, known)) return known;
  const before = positionOf(known);
  const difference = positionOf(received).map((part, at) => part - before[at]!);
  return (difference.find((part) => part !== 0) ?? 0) < 0 ? known : received;
}

/** The turn with a call as it is now. */
export const withStep = (turn: Turn, received: Step): Turn => ({
  ...turn,
  steps: [...turn.steps.filter(({ step }) => step !== received.step), received].toSorted((a, b) => a.step - b.step),
});

/** The call that a person has to decide on before the turn continues; undefined: there is none. */
export const waitingStep = ({ status, steps }: Turn): Step | undefined =>
  status === 'awaiting_review' ? steps.find((step) => WAITING.has(step.status)) : undefined;

const WAITING: ReadonlySet<Step['status']> = new Set(['awaiting_review', 'unknown']);

export const isQueuedOrRunning = ({ status }: Turn): boolean => RANK[status] < RANK.awaiting_review;

/** Not final. */
export const isOpen = ({ status }: Turn): boolean => RANK[status] < RANK.completed;
