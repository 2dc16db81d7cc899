// Turns by hour as stacked columns. Pure.
import type { Overview } from '../api/types.ts';

type Hours = Overview['by_hour'];

/** From the bottom of a column to its top. */
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
  awaiting_review: 'awaiting review',
  running: 'running',
  queued: 'queued',
  rejected: 'rejected',
  expired: 'expired',
  cancelled: 'cancelled',
  failed: 'failed',
};

/** The statuses that any hour has. */
export const statusesOf = (hours: Hours): string[] =>
  SHOWN.filter((status) => hours.some(({ by_status: counts }) => (counts[status] ?? 0) > 0));

/** Seconds since 1970, then for each status the height of its top: all below it are counted in. */
export function stacked(hours: Hours, statuses: readonly string[]): number[][] {
  const sums = hours.map(() => 0);
  const tops = statuses.map((status) =>
    hours.map(({ by_status: counts }, hour) => (sums[hour] = sums[hour]! + (counts[status] ?? 0))),
  );
  return [hours.map(({ hour }) => Date.parse(hour) / 1000), ...tops];
}
