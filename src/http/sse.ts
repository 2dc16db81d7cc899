// What all server-sent events have in common.

/** Milliseconds after which a client whose stream broke comes back. */
const RETRY_MS = 1_000;
/** Text that waits for a slow client in this process; the rest waits where it came from. */
export const WAITING_BYTES = 16_384;

export const EVENTS_TYPE = 'text/event-stream';
export const EVENTS_HEADERS = {
  // Compression would hold pieces back; so would a proxy's buffer.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  // Once a stream has ended its connection is of no use, and would only keep the server from stopping.
  connection: 'close',
};

/** Sent at once: the client learns that it is connected even if nothing happens for long. */
export const FIRST_FRAME = `retry: ${RETRY_MS}\n\n`;
export const HEARTBEAT_FRAME = ':\n\n';

/** The bytes of things as JSON. Readers who are told of the same object share them, so that what many slow readers have
 *  not taken yet is held once. */
export class SharedJson<T extends object> {
  readonly #bytes = new WeakMap<T, Buffer>();
  readonly #json: (thing: T) => object;

  constructor(json: (thing: T) => object) {
    this.#json = json;
  }

  of(thing: T): Buffer {
    let bytes = this.#bytes.get(thing);
    if (!bytes) this.#bytes.set(thing, (bytes = Buffer.from(JSON.stringify(this.#json(thing)))));
    return bytes;
  }
}

/** An event as it is sent: bytes in pieces, of which a slow reader holds one. JSON has no line breaks in it. */
export function* framesOfEvent(event: string, id: string, data: Buffer | string): Generator<string | Buffer> {
  const head = `event: ${event}\nid: ${id}\ndata: `;
  if (typeof data === 'string') return yield `${head}${data}\n\n`;
  if (data.length <= WAITING_BYTES) return yield `${head}${data.toString()}\n\n`;
  yield head;
  for (let at = 0; at < data.length; at += WAITING_BYTES) yield data.subarray(at, at + WAITING_BYTES);
  yield '\n\n';
}
