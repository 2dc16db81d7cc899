// How the pieces of a reply stand in Redis: one stream a turn, and one channel that tells of its entries as they come.
import type { DeltaRecord, Generation } from '../domain/delta.ts';

export const streamOf = (turnId: string): string => `turnkeeper:deltas:${turnId}`;

/** A channel of its own: an ingress process hears of the turns that somebody reads there, and of no others. */
export const channelOf = (turnId: string): string => `turnkeeper:deltas:${turnId}`;
export const turnOfChannel = (channel: string): string => channel.slice(channelOf('').length);

/** More than a reply can have characters. */
const ATTEMPT_UNIT = 2 ** 22;

/** The id of the entry whose text ends at `offset`: entries are sorted by generation and place. So Redis itself refuses
 *  a piece that was added before (a repeated command), and every piece of a worker that was taken over. */
export const entryIdOf = ({ epoch, attempt }: Generation, offset: number): string =>
  `${epoch}-${attempt * ATTEMPT_UNIT + offset}`;

/** What XADD answers for an id that is not the greatest. */
export const isRefusedId = (error: Error): boolean => error.message.includes('equal or smaller than');

/** The record of an entry. */
export function recordOf(entryId: string, text: string): DeltaRecord {
  const [epoch, place] = entryId.split('-').map(Number) as [number, number];
  const attempt = Math.floor(place / ATTEMPT_UNIT);
  return { epoch, attempt, start: (place % ATTEMPT_UNIT) - text.length, text };
}

const SEPARATOR = ' ';

/** An entry as its channel tells it. */
export const messageOf = (entryId: string, text: string): string => entryId + SEPARATOR + text;

export function recordOfMessage(message: string): DeltaRecord {
  const cut = message.indexOf(SEPARATOR);
  return recordOf(message.slice(0, cut), message.slice(cut + 1));
}
