// An answer of server-sent events.
import { Readable } from 'node:stream';
import type { Answer } from './operation.ts';

/** Text that waits for a slow client in this process; the rest waits where it came from. */
export const WAITING_BYTES = 16_384;

export const EVENTS_TYPE = 'text/event-stream';
const HEADERS = {
  // Compression would hold pieces back; so would a proxy's buffer.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  // Once a stream has ended its connection is of no use, and would only keep the server from stopping.
  connection: 'close',
};

/** A comment, which clients leave out: it only shows that the connection stands. */
export const HEARTBEAT = ':\n\n';

/** Sends the frames as they come; asks for no more than the client takes. */
export function eventStream(frames: AsyncIterable<string | Buffer>): Answer {
  const body = Readable.from(frames, { objectMode: false, highWaterMark: WAITING_BYTES });
  return { status: 200, type: EVENTS_TYPE, headers: HEADERS, body };
}
