// One operation of the API: its route, its access, its schemas and its handler. The table of them makes the routes,
// the validation and the OpenAPI document.
import type { z } from 'zod';
import type { Caller, Kind } from './access.ts';
import type { ProblemCode } from './problem.ts';

export interface Access {
  readonly kind: Kind;
  /** Where the owner stands: in the path, in the body, or in what the handler loads (it then asks `requireOwner`). */
  readonly owner?: 'path' | 'body' | 'loaded';
}

/** What is answered; a string body is sent as it is. */
export interface Answer {
  readonly status: number;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The schemas of an answer by status. */
export interface AnswerDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly contentType?: string;
}

export interface Request<P, Q, H, B> {
  readonly params: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
  /** The body before defaults and unknown to the schema: for fingerprints. */
  readonly sent: unknown;
  readonly caller: Caller;
  /** Aborted when the client has gone or the server stops. */
  readonly signal: AbortSignal;
}

export interface Operation<P = unknown, Q = unknown, H = unknown, B = unknown> {
  readonly id: string;
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: z.ZodType<P>;
  readonly query?: z.ZodType<Q>;
  /** Lower-case names; others are let through. */
  readonly headers?: z.ZodType<H>;
  readonly body?: z.ZodType<B>;
  /** A body to show in the documentation. */
  readonly example?: object;
  readonly answers: Readonly<Record<number, AnswerDoc>>;
  readonly problems: readonly ProblemCode[];
  handle(request: Request<P, Q, H, B>): Promise<Answer>;
}

/** Types an operation by its schemas, then forgets them: a table holds operations of every shape. */
export const operation = <P, Q, H, B>(definition: Operation<P, Q, H, B>): Operation => definition;
