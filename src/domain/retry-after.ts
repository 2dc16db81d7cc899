// Reads how long a server asks its clients to wait. Pure.

const SECONDS = /^\d+(?:\.\d+)?$/;
/** The three formats of an HTTP date begin with the day of the week; some servers send an ISO date. */
const DATE = /^(?:[A-Za-z]{3,9},? |\d{4}-\d\d-\d\dT)/;
const ZONE = /(?:GMT|UTC|Z|[+-]\d\d:?\d\d)$/i;

/** Milliseconds from now of a point in time; 0: it is past; null: not a date. A date without a zone is in GMT. */
export function dateAheadMs(value: string, now: number): number | null {
  if (!DATE.test(value)) return null;
  const date = Date.parse(ZONE.test(value) ? value : `${value}${value.includes('T') ? 'Z' : ' GMT'}`);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Joins several fields of one name. A date has a comma only after the day of the week. */
const COMMA = /(?<!^[A-Za-z]{3,9}|, *[A-Za-z]{3,9}),/;

/** What several servers on the way ask for is one header, whose values are separated by commas. The largest valid number
 *  counts; null: none is valid. */
export function longestOf(header: string | null | undefined, read: (value: string) => number | null): number | null {
  const values = (header ?? '').split(COMMA).map((value) => read(value.trim()));
  return values.reduce((longest, value) => (value === null ? longest : Math.max(longest ?? 0, value)), null);
}

/** Milliseconds of a `Retry-After` header, which has seconds or a date; null: there is none, or it is invalid. `now`:
 *  milliseconds since 1970. */
export const retryAfterMs = (header: string | null | undefined, now: number): number | null =>
  longestOf(header?.trim(), (value) => (SECONDS.test(value) ? Number(value) * 1000 : dateAheadMs(value, now)));
