// Formats numbers for operators. Pure.
import { durationText } from '../parts/when.ts';

const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

/** `8,213`; from 100,000 on compact, as in `1.8M`. */
export const countText = (count: number): string =>
  Math.abs(count) < 100_000 ? count.toLocaleString() : compact.format(count);

/** Formats seconds: `820 ms`, `2.9 s`, `4 min 09 s`; a dash for null. */
export function secondsText(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : durationText(seconds);
}
