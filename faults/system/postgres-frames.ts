// Follows PostgreSQL's protocol from the client's side, as far as needed to know when a statement is sent whose commit
// matters. No I/O.

const SSL_REQUEST = 80_877_103;
const HEADER = 5;
const WRITES = /\b(insert|update|delete)\b/i;
const BEGINS = /^\s*(begin|start transaction)\b/i;
const ENDS = /^\s*(commit|rollback|end)\b/i;
const COMMITS = /^\s*(commit|end)\b/i;
/** ReadyForQuery: the server has answered, and the connection is outside a transaction. */
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Whether the answer to a statement, and with it its commit, is complete. */
export const isReady = (answer: Buffer): boolean => answer.subarray(-READY.length).equals(READY);

/** What a client sends on one connection. */
export class ClientFrames {
  #rest: Buffer = Buffer.alloc(0);
  #isStartup = true;
  #isInTransaction = false;
  /** The texts of prepared statements by name. */
  readonly #texts = new Map<string, string>();

  /** The name of a statement in these bytes that commits a change: COMMIT, or a write outside a transaction. */
  feed(bytes: Buffer): string | null {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let committed: string | null = null;
    for (let frame = this.#next(); frame; frame = this.#next()) committed = this.#read(frame) ?? committed;
    return committed;
  }

  /** The next complete frame; null: it has not arrived yet. */
  #next(): { type: string; body: Buffer } | null {
    const from = this.#isStartup ? 0 : 1;
    if (this.#rest.length < HEADER) return null;
    const end = from + this.#rest.readInt32BE(from);
    if (this.#rest.length < end) return null;
    const body = this.#rest.subarray(from + 4, end);
    const type = this.#isStartup ? '' : String.fromCharCode(this.#rest[0]!);
    // After a request for TLS, which the server refuses, the startup message still follows.
    if (this.#isStartup && body.readInt32BE(0) !== SSL_REQUEST) this.#isStartup = false;
    this.#rest = this.#rest.subarray(end);
    return { type, body };
  }

  #read({ type, body }: { type: string; body: Buffer }): string | null {
    if (type === 'Q') return this.#run('', textAt(body, 0));
    if (type === 'P') {
      const name = textAt(body, 0);
      this.#texts.set(name, textAt(body, Buffer.byteLength(name) + 1));
    }
    if (type !== 'B') return null;
    const name = textAt(body, Buffer.byteLength(textAt(body, 0)) + 1);
    return this.#run(name, this.#texts.get(name) ?? '');
  }

  #run(name: string, text: string): string | null {
    const wasInTransaction = this.#isInTransaction;
    if (BEGINS.test(text)) this.#isInTransaction = true;
    if (ENDS.test(text)) this.#isInTransaction = false;
    if (COMMITS.test(text)) return 'commit';
    return !wasInTransaction && WRITES.test(text) ? name || 'unnamed' : null;
  }
}

const textAt = (body: Buffer, from: number): string => body.toString('utf8', from, body.indexOf(0, from));
