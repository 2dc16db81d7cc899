// The numbers of a response's events. They are stored nowhere: each is the place in the text up to which the client has
// it, so that every ingress process gives the same place the same number, however the text came in pieces. Numbers grow
// along a stream and have gaps.
import type { Generation } from '../../domain/delta.ts';

/** Events before the text. */
export const NUMBERS = { created: 0, inProgress: 1, awaitingReview: 2, itemAdded: 3, partAdded: 4 } as const;
const TEXT = NUMBERS.partAdded;
/** Of a response that has no reply: no text reaches it. Clients may keep numbers in 32 bits. */
export const LAST = 2 ** 31 - 1;

/** More than a reply can have characters (and the events behind it). */
const WRITING_UNIT = 2 ** 18;
/** More than a turn can have attempts; a turn begun more than ten times fails. */
const ATTEMPTS = 512;

/** The number of the piece that ends at `offset` (UTF-16 units) of this writing of the reply. */
export const numberAt = ({ epoch, attempt }: Generation, offset: number): number =>
  TEXT + ((epoch - 1) * ATTEMPTS + attempt - 1) * WRITING_UNIT + offset;

export interface TextPlace extends Generation {
  readonly offset: number;
}

/** The place in the text that a number means; null: before any text. */
export function placeOfNumber(number: number): TextPlace | null {
  if (number <= TEXT) return null;
  // An event behind the whole text may stand at a full unit: counted from 1, it belongs to the writing before.
  const at = number - TEXT - 1;
  const writing = Math.floor(at / WRITING_UNIT);
  return {
    epoch: Math.floor(writing / ATTEMPTS) + 1,
    attempt: (writing % ATTEMPTS) + 1,
    offset: (at % WRITING_UNIT) + 1,
  };
}
