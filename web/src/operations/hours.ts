// Turns by hour as stacked columns. Pure.
import type { Overview } from '../api/types.ts';

type Hours = Overview['by_hour'];

/** The order in a column, from bottom to top. */
export const SHOWN = [
  'completed',
  'awaiting_review',
  'running',
  'queued',
  'rejected',
  'expired',
  'cancelled',
  'failed',
];

export const TITLES: Readonly<Record<string, string>> = {
  completed: 'completed',
  awaiting_review: 'held for review',
  running: 'running',
  queued: 'queued',
  rejected: 'rejected',
  expired: 'expired',
  cancelled: 'cancelled',
  failed: 'failed',
};

/** The statuses that occur in any of the hours. */
export const statusesOf = (hours: Hours): string[] =>
  SHOWN.filter((status) => hours.some(({ by_status: counts }) => (counts[status] ?? 0) > 0));

/** Unix times in seconds, then for each status the height of its top, which includes all statuses below it. */
export function stacked(hours: Hours, statuses: readonly string[]): number[][] {
  const sums = hours.map(() => 0);
  const tops = statuses.map((status) =>
    hours.map(({ by_status: counts }, hour) => (sums[hour] = sums[hour]! + (counts[status] ?? 0))),
  );
  return [hours.map(({ hour }) => Date.parse(hour) / 1000), ...tops];
}
