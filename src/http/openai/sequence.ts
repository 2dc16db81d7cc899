// The sequence numbers of a response's events. They are not stored: each is computed from the position in the text up to
// which the client has it, so every ingress process assigns the same number to the same position, however the text was
// split into deltas. Numbers increase along a stream and have gaps.
import type { Generation } from '../../domain/delta.ts';

/** The events before the text. */
export const NUMBERS = { created: 0, inProgress: 1, awaitingReview: 2, itemAdded: 3, partAdded: 4 } as const;
const TEXT = NUMBERS.partAdded;
/** The greatest number that clients which store numbers in 32 bits can hold. */
const LAST_IN_32_BITS = 2 ** 31 - 1;

/** More than the maximum length of a reply plus the events after it. */
const NUMBERS_PER_GENERATION = 2 ** 18;
/** More than the usual number of attempts of a turn. The numbers of 32 bits suffice for 16 epochs; those of turns with more
 *  epochs are greater. */
const ATTEMPTS_PER_EPOCH = 512;

/** The number of the delta that ends at `offset` (UTF-16 units) of this generation of the reply. */
export const numberAt = ({ epoch, attempt }: Generation, offset: number): number =>
  TEXT + ((epoch - 1) * ATTEMPTS_PER_EPOCH + attempt - 1) * NUMBERS_PER_GENERATION + offset;

/** The number of the last event of a response without a reply. No position in its text reaches it. */
export const lastNumberOf = ({ epoch }: Pick<Generation, 'epoch'>): number =>
  Math.max(LAST_IN_32_BITS, numberAt({ epoch: epoch + 1, attempt: 1 }, 0));

export interface TextPosition extends Generation {
  readonly offset: number;
}

/** The text position of a number. Null: before the text. */
export function positionOfNumber(number: number): TextPosition | null {
  if (number <= TEXT) return null;
  // Counted from 1: the number after the last text position of a generation still belongs to that generation.
  const index = number - TEXT - 1;
  const generation = Math.floor(index / NUMBERS_PER_GENERATION);
  return {
    epoch: Math.floor(generation / ATTEMPTS_PER_EPOCH) + 1,
    attempt: (generation % ATTEMPTS_PER_EPOCH) + 1,
    offset: (index % NUMBERS_PER_GENERATION) + 1,
  };
}
