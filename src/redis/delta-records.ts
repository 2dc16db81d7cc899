// The format of deltas in Redis: each turn has a stream, and a channel on which its entries are published.
import type { DeltaRecord, Generation } from '../domain/delta.ts';

export const streamOf = (turnId: string): string => `turnkeeper:deltas:${turnId}`;

/** One channel for each turn, so that an ingress process receives only the turns that have readers there. */
export const channelOf = (turnId: string): string => `turnkeeper:deltas:${turnId}`;
export const turnOfChannel = (channel: string): string => channel.slice(channelOf('').length);

/** Greater than the number of characters that a reply can have. */
const ATTEMPT_UNIT = 2 ** 22;

/** The id of the entry whose text ends at `offset`. Ids are ordered by generation and position, so Redis itself refuses
 *  an entry that was added before (a repeated command), and every entry of a worker whose claim was taken over. */
export const entryIdOf = ({ epoch, attempt }: Generation, offset: number): string =>
  `${epoch}-${attempt * ATTEMPT_UNIT + offset}`;

/** Whether XADD refused an id because it is not the greatest one. */
export const isRefusedId = (error: Error): boolean => error.message.includes('equal or smaller than');

/** The record of an entry. */
export function recordOf(entryId: string, text: string): DeltaRecord {
  const [epoch, position] = entryId.split('-').map(Number) as [number, number];
  const attempt = Math.floor(position / ATTEMPT_UNIT);
  return { epoch, attempt, start: (position % ATTEMPT_UNIT) - text.length, text };
}

const SEPARATOR = ' ';

/** The message that publishes an entry on its channel. */
export const messageOf = (entryId: string, text: string): string => entryId + SEPARATOR + text;

export function recordOfMessage(message: string): DeltaRecord {
  const cut = message.indexOf(SEPARATOR);
  return recordOf(message.slice(0, cut), message.slice(cut + 1));
}
