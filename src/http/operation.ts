// One operation of the API as data: from it come the route, the validation, the access check and the documentation.
import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { Access, Identity } from './auth/access.ts';
import type { ProblemCode } from './problem.ts';

export const NOTHING = z.strictObject({});

/** What an operation may ask of the request beyond its validated input. */
export interface RequestContext {
  readonly identity: Identity;
  /** The body as it was sent, before defaults. */
  readonly sentBody: unknown;
  /** The client came by TLS. */
  readonly tls: boolean;
  /** Aborted when the client has gone, its sign-in has lapsed or the server stops. Only operations that wait ask for it. */
  readonly signal: () => AbortSignal;
  /** Whether the caller may touch a thing of this user; if not, answer as if it were not there. */
  readonly owns: (userId: string) => boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object becomes JSON; a string is sent as it is (JSON already, or what `type` says); a stream likewise. */
  readonly body?: object | string | Buffer | Readable;
  /** Content type; absent: application/json. */
  readonly type?: string;
  /** The body compressed with gzip, for clients that accept it. */
  readonly gzipped?: Buffer;
}

/** How an answer is documented. */
export interface AnswerSpec {
  readonly description: string;
  /** Of a JSON body: a schema that is registered as a component. */
  readonly schema?: z.ZodType;
  /** Of another body; with a `schema` too it is one or the other, as the request asks. */
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
  /** Unique; OpenAPI's operationId. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As OpenAPI writes it: /turns/{turn_id}. */
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
  /** Bytes that a body may have, where it is not the usual limit. */
  readonly bodyBytes?: number;
  /** A body to try it with, for the documentation. */
  readonly example?: unknown;
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** Problems of its own, besides those that every operation has. */
  readonly problems: readonly ProblemCode[];
  // A method, so that operations of any input are an Operation: the router gives each what its own schemas made.
  handle(
    input: Input<z.output<P>, z.output<Q>, z.output<H>, OutputOf<B>>,
    context: RequestContext,
  ): Promise<Answer> | Answer;
}

type Nothing = typeof NOTHING;
type Optional = 'params' | 'query' | 'headers' | 'body' | 'problems' | 'description';

/** Completes an operation: what is left out takes nothing. */
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

/** An answer with a JSON body; a string is JSON already. */
export function json(body: object | string, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, body, headers };
}
