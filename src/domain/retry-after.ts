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

/** Milliseconds of a `Retry-After` header, which has seconds or a date; null: there is none, or it is invalid. `now`:
 *  milliseconds since 1970. */
export function retryAfterMs(header: string | null | undefined, now: number): number | null {
  const value = header?.trim() ?? '';
  return SECONDS.test(value) ? Number(value) * 1000 : dateAheadMs(value, now);
}
