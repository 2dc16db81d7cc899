// Reading a JSON body. Every way in which that can fail is a problem of the client's, and each has its own code.
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

// The parser merges its list of types with ours place by place: the first must be said again.
const parserOf = (jsonLimit: number) =>
  bodyParser({ enableTypes: ['json'], extendTypes: { json: ['application/json', '+json'] }, jsonLimit });
const nothingMore = async (): Promise<void> => {};

/** The parser refuses two things that are JSON: a body that is no object, and one with `__proto__`. Both are for the
 *  validation to refuse, which says where. */
function secondLook({ body }: ParserError): ReadBody {
  if (typeof body === 'string') {
    try {
      return { value: JSON.parse(body), source: body };
    } catch (error) {
      throw new Problem('invalid_json', `The body is not valid JSON: ${(error as Error).message}.`);
    }
  }
  throw new Problem('invalid_json', 'The body could not be read.');
}

/** Invalid UTF-8 becomes U+FFFD on the way in, which is longer than what it replaces. */
function checkEncoding(source: string, length: number | undefined): void {
  if (length !== undefined && source.includes('\ufffd') && Buffer.byteLength(source) !== length) {
    throw new Problem('invalid_json', 'The body is not valid UTF-8.');
  }
}

function checkType(ctx: Koa.Context): boolean {
  const type = ctx.request.is('json', '+json');
  if (type === null || ctx.get('content-length') === '0') return false;
  if (type === false) throw new Problem('unsupported_media_type', 'Send the body as application/json.');
  // Bodies so small need no compression, and what is not unpacked cannot explode.
  if (ctx.get('content-encoding').toLowerCase().replace('identity', '') !== '') {
    throw new Problem('unsupported_media_type', 'Send the body without a Content-Encoding.', {
      headers: { 'accept-encoding': 'identity' },
    });
  }
  return true;
}

/** Reads JSON bodies of at most so many bytes; an absent one counts as `{}`, so that its missing fields are named. The
 *  reader rejects with Problem. */
export function bodyReader(limitBytes: number): (ctx: Koa.Context) => Promise<ReadBody> {
  const parse = parserOf(limitBytes);
  return async (ctx) => {
    if (!checkType(ctx)) return { value: {}, source: '' };
    try {
      await parse(ctx, nothingMore);
    } catch (error) {
      const failed = error as ParserError;
      if (failed.status === 413) throw new Problem('body_too_large', `A body may have ${limitBytes} bytes.`);
      return secondLook(failed);
    }
    const source = ctx.request.rawBody ?? '';
    checkEncoding(source, ctx.request.length);
    return { value: ctx.request.body, source };
  };
}

const DRAIN_BYTES = 4 * 1024 * 1024;
const DRAIN_MS = 2_000;

/** Reads away what is left of a body that nobody wants. A client that is still sending would have its connection reset
 *  and never see the answer. @returns whether the end was reached; if not, the connection has to be closed */
export function drainBody(request: IncomingMessage): Promise<boolean> {
  const bodiless =
    request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined;
  if (bodiless || request.complete) return Promise.resolve(true);
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
