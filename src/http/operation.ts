// An API operation as data. The route, the validation, the access check and the documentation are derived from it.
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Access, Identity } from './auth/access.ts';
import type { ProblemCode } from './problem.ts';

export const NOTHING = z.strictObject({});

/** The context of a request, beyond its validated input. */
export interface RequestContext {
  readonly identity: Identity;
  /** The body as it was sent, before defaults are applied. */
  readonly sentBody: unknown;
  /** Whether the client uses TLS. */
  readonly tls: boolean;
  /** Returns a signal that aborts when the client disconnects, its credential expires, or the server stops. Only
   *  operations that wait call it. */
  readonly signal: () => AbortSignal;
  /** The user that the trusted header names (USER_HEADER). Null: none. */
  readonly namedUser: string | null;
  /** Whether the caller may use resources of this user. If not, answer 404 as for a resource that does not exist. */
  readonly owns: (userId: string) => boolean;
}

/** An HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is serialised as JSON. A string, a buffer or a stream is sent unchanged, with the content type `type`. */
  readonly body?: object | string | Buffer | Readable;
  /** Content type. Default: application/json. */
  readonly type?: string;
  /** The body compressed with gzip, for clients that accept it. */
  readonly gzipped?: Buffer;
}

/** The documentation of a response. */
export interface AnswerSpec {
  readonly description: string;
  /** The schema of a JSON body, registered as a component. */
  readonly schema?: z.ZodType;
  /** The content type of another body. With `schema`, the request decides which of the two it gets. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Input<P, Q, H, B> {
  readonly path: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
}

export type BodySchema = z.ZodType | null;
type OutputOf<B extends BodySchema> = B extends z.ZodType ? z.output<B> : null;

export interface Operation<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  H extends z.ZodObject = z.ZodObject,
  B extends BodySchema = BodySchema,
> {
  /** The unique operationId in OpenAPI. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** In OpenAPI syntax: /turns/{turn_id}. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly access: Access;
  readonly params: P;
  readonly query: Q;
  /** Request headers, in lower case. */
  readonly headers: H;
  readonly body: B;
  /** Maximum size of the body in bytes, if it differs from the default. */
  readonly bodyBytes?: number;
  /** The members of the body that are stored as they were sent. Missing: all. The schema checks the text of the others,
   *  as far as they are stored. */
  readonly storedMembers?: readonly string[];
  /** An example body, for the documentation. */
  readonly example?: unknown;
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** The problems of this operation, in addition to those of all operations. */
  readonly problems: readonly ProblemCode[];
  // Declared as a method, because parameters of methods are bivariant: an operation with any input type is assignable to
  // Operation. The router passes each operation the output of its own schemas.
  handle(
    input: Input<z.output<P>, z.output<Q>, z.output<H>, OutputOf<B>>,
    context: RequestContext,
  ): Promise<Answer> | Answer;
}

type Nothing = typeof NOTHING;
type Optional = 'params' | 'query' | 'headers' | 'body' | 'problems' | 'description';

/** Completes an operation with empty defaults for missing properties. */
export function operation<
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  H extends z.ZodObject = Nothing,
  B extends BodySchema = null,
>(given: Omit<Operation<P, Q, H, B>, Optional> & Partial<Pick<Operation<P, Q, H, B>, Optional>>): Operation {
  const { params, query, headers, body, problems, description } = given;
  const complete = {
    ...given,
    params: params ?? NOTHING,
    query: query ?? NOTHING,
    headers: headers ?? NOTHING,
    body: body ?? null,
    problems: problems ?? [],
    description: description ?? '',
  };
  return complete;
}

/** A response with a JSON body. A string is sent as it is and must be JSON. */
export function json(body: object | string, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body, headers };
}
