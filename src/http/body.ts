// Reads JSON request bodies. Every failure is a client error with its own code.
import type { IncomingMessage } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import type Koa from 'koa';
import { Problem } from './problem.ts';

export const BODY_LIMIT_BYTES = 256 * 1024;

export interface ReadBody {
  readonly value: unknown;
  /** The JSON text it was parsed from. */
  readonly source: string;
}

interface ParserError extends Error {
  readonly status?: number;
  readonly body?: unknown;
}

// The parser merges its list of types with this one by index, so the first entry has to be repeated.
const parserOf = (jsonLimit: number) =>
  bodyParser({ enableTypes: ['json'], extendTypes: { json: ['application/json', '+json'] }, jsonLimit });
const noNext = async (): Promise<void> => {};

/** Parses a body that the parser rejected. The parser also rejects valid JSON that is not an object or that contains
 *  `__proto__`; validation rejects these with a pointer. @throws Problem invalid_json */
function parseRejected({ body }: ParserError): ReadBody {
  if (typeof body === 'string') {
    try {
      return { value: JSON.parse(body), source: body };
    } catch (error) {
      throw new Problem('invalid_json', `The request body is not valid JSON: ${(error as Error).message}.`);
    }
  }
  throw new Problem('invalid_json', 'The request body could not be read.');
}

/** Detects invalid UTF-8: decoding replaced it with U+FFFD, which is longer than the bytes it replaced. */
function checkEncoding(source: string, length: number | undefined): void {
  if (length !== undefined && source.includes('\ufffd') && Buffer.byteLength(source) !== length) {
    throw new Problem('invalid_json', 'The request body is not valid UTF-8.');
  }
}

function checkType(ctx: Koa.Context): boolean {
  const type = ctx.request.is('json', '+json');
  if (type === null || ctx.get('content-length') === '0') return false;
  if (type === false) throw new Problem('unsupported_media_type', 'Send the request body as application/json.');
  // Bodies are too small to need compression, and without decompression there is no decompression bomb.
  if (ctx.get('content-encoding').toLowerCase().replace('identity', '') !== '') {
    throw new Problem('unsupported_media_type', 'Send the request body without a Content-Encoding.', {
      headers: { 'accept-encoding': 'identity' },
    });
  }
  return true;
}

/** Returns a reader of JSON bodies of at most `limitBytes` bytes. A missing body is read as `{}`, so that validation
 *  reports the missing fields. The reader throws Problem. */
export function bodyReader(limitBytes: number): (ctx: Koa.Context) => Promise<ReadBody> {
  const parse = parserOf(limitBytes);
  return async (ctx) => {
    if (!checkType(ctx)) return { value: {}, source: '' };
    try {
      await parse(ctx, noNext);
    } catch (error) {
      const parserError = error as ParserError;
      if (parserError.status === 413)
        throw new Problem('body_too_large', `The request body may have at most ${limitBytes} bytes.`);
      return parseRejected(parserError);
    }
    const source = ctx.request.rawBody ?? '';
    checkEncoding(source, ctx.request.length);
    return { value: ctx.request.body, source };
  };
}

const DRAIN_BYTES = 4 * 1024 * 1024;
const DRAIN_MS = 2_000;

/** Discards the rest of a request body. Without it a client that is still sending gets a connection reset instead of the
 *  response. @returns whether the end of the body was reached; if not, the caller must close the connection */
export function drainBody(request: IncomingMessage): Promise<boolean> {
  const hasNoBody =
    request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined;
  if (hasNoBody || request.complete) return Promise.resolve(true);
  return new Promise((resolve) => {
    let received = 0;
    const done = (): void => {
      clearTimeout(timer);
      request.off('data', count).off('end', done).off('close', done);
      resolve(request.complete);
    };
    const count = (chunk: Buffer): void => {
      received += chunk.length;
      if (received > DRAIN_BYTES) done();
    };
    const timer = setTimeout(done, DRAIN_MS);
    request.on('data', count).on('end', done).on('close', done);
    request.resume();
  });
}
