// Numbers as operators read them. Pure.
import { spanText } from '../parts/when.ts';

const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 });

/** `8,213`, or `1.8M` where digits would only be in the way. */
export const countText = (count: number): string =>
  Math.abs(count) < 100_000 ? count.toLocaleString() : compact.format(count);

/** Seconds: `820 ms`, `2.9 s`, `4 min 09 s`; a dash for none. */
export function secondsText(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : spanText(seconds);
}
