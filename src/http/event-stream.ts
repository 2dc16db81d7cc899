// What all server-sent event streams share.
import { Readable } from 'node:stream';
import type { Answer } from './operation.ts';

/** Milliseconds after which a client reconnects when its stream breaks. */
const RETRY_MS = 1_000;
/** Bytes buffered for a slow client in this process. Everything after that stays at its source. */
const BUFFER_BYTES = 16_384;

export const EVENTS_TYPE = 'text/event-stream';
const EVENTS_HEADERS = {
  // Compression and proxy buffers would delay events.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  // Nothing reuses the connection of an ended stream; kept open, it would delay the stop of the server.
  connection: 'close',
};

/** Sent immediately: the client detects the connection even if no event follows for a long time. */
export const FIRST_FRAME = `retry: ${RETRY_MS}\n\n`;
/** A comment. Clients ignore it; it keeps the connection open. */
export const HEARTBEAT = ':\n\n';

/** Sends frames as they arrive, with backpressure: it requests the next frame when the client has taken the one before. */
export function eventStream(frames: AsyncIterable<string | Buffer>): Answer {
  const body = Readable.from(frames, { objectMode: false, highWaterMark: BUFFER_BYTES });
  return { status: 200, type: EVENTS_TYPE, headers: EVENTS_HEADERS, body };
}

/** Objects serialised as JSON. Readers that receive the same object share its bytes, so that data which many slow
 *  readers have not taken yet is in memory once. */
export class SharedJson<T extends object> {
  readonly #bytes = new WeakMap<T, Buffer>();
  readonly #toJson: (value: T) => object;

  constructor(toJson: (value: T) => object) {
    this.#toJson = toJson;
  }

  of(value: T): Buffer {
    let bytes = this.#bytes.get(value);
    if (!bytes) this.#bytes.set(value, (bytes = Buffer.from(JSON.stringify(this.#toJson(value)))));
    return bytes;
  }
}

/** The frame of an event, in chunks: a slow reader holds one chunk. `data` is JSON, which contains no line breaks. */
export function* framesOfEvent(event: string, id: string, data: Buffer | string): Generator<string | Buffer> {
  const head = `event: ${event}\nid: ${id}\ndata: `;
  if (typeof data === 'string') return yield `${head}${data}\n\n`;
  if (data.length <= BUFFER_BYTES) return yield `${head}${data.toString()}\n\n`;
  yield head;
  for (let at = 0; at < data.length; at += BUFFER_BYTES) yield data.subarray(at, at + BUFFER_BYTES);
  yield '\n\n';
}
