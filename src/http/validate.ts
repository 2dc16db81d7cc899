// Every fault of a request at once: path, query, headers and body together.
import type { z } from 'zod';
import type { Operation } from './operation.ts';
import { Problem, type Fault } from './problem.ts';

const DEPTH_MAX = 20;
// oxlint-disable-next-line no-control-regex -- NUL is exactly what PostgreSQL cannot store.
const UNSTORABLE = /\u0000/;

const escape = (part: PropertyKey) => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
const pointerOf = (place: string, path: readonly PropertyKey[]) => place + path.map((part) => `/${escape(part)}`).join('');

type Issue = z.core.$ZodIssue;

function faultsOf(place: string, issue: Issue): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerOf(place, [...issue.path, key]), detail: 'is not known here' }));
  }
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return [{ pointer: pointerOf(place, issue.path), detail: missing ? 'is required' : issue.message }];
}

/** Strings that no database stores, and nesting that no message needs, anywhere in the value. */
function unstorable(place: string, value: unknown, path: PropertyKey[] = []): Fault[] {
  if (typeof value === 'string') {
    const bad = UNSTORABLE.test(value) || !value.isWellFormed();
    return bad ? [{ pointer: pointerOf(place, path), detail: 'must hold neither U+0000 nor half of a surrogate pair' }] : [];
  }
  if (value === null || typeof value !== 'object') return [];
  if (path.length >= DEPTH_MAX) return [{ pointer: pointerOf(place, path), detail: `must not be nested deeper than ${DEPTH_MAX}` }];
  return Object.entries(value).flatMap(([key, part]) => [
    ...(UNSTORABLE.test(key) || !key.isWellFormed() ? [{ pointer: pointerOf(place, path), detail: 'has a key that cannot be stored' }] : []),
    ...unstorable(place, part, [...path, key]),
  ]);
}

export interface Parts {
  readonly params: unknown;
  readonly query: unknown;
  readonly headers: unknown;
  readonly body: unknown;
}

/** The places of a request, where their faults point to, and the schema's name in the operation. */
const PLACES = [
  { part: 'params', place: '/path' },
  { part: 'query', place: '/query' },
  { part: 'headers', place: '/header' },
  { part: 'body', place: '' },
] as const;

/** The request's parts as the operation's schemas read them. @throws Problem `invalid_request` with every fault */
export function validated(operation: Operation, given: Parts): Parts {
  const faults: Fault[] = [];
  const read: Record<string, unknown> = {};
  for (const { part, place } of PLACES) {
    const schema = operation[part];
    if (!schema) continue;
    const spoilt = unstorable(place, given[part]);
    faults.push(...spoilt);
    // What is nested too deep must not reach a recursive reader.
    if (spoilt.length > 0 && part === 'body') {
      const shallow = schema.safeParse(topLevel(given.body));
      if (!shallow.success) faults.push(...shallow.error.issues.flatMap((issue) => faultsOf(place, issue)).filter(({ pointer }) => !spoilt.some((fault) => fault.pointer.startsWith(pointer))));
      continue;
    }
    const result = schema.safeParse(given[part], { reportInput: true });
    if (result.success) read[part] = result.data;
    else faults.push(...result.error.issues.flatMap((issue) => faultsOf(place, issue)));
  }
  if (faults.length > 0) {
    const detail = faults.length === 1 ? 'One thing is wrong with the request.' : `${faults.length} things are wrong with the request.`;
    throw new Problem('invalid_request', detail, { errors: faults });
  }
  return read as unknown as Parts;
}

/** The body with nested values cut off, so that its other faults can be told too. */
function topLevel(body: unknown): unknown {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return body;
  return Object.fromEntries(Object.entries(body).map(([key, value]) => [key, value !== null && typeof value === 'object' ? (Array.isArray(value) ? [] : {}) : value]));
}
