// Every fault of a request at once: path, query, headers and body together.
import type { z } from 'zod';
import type { Operation } from './operation.ts';
import { Problem, type Fault } from './problem.ts';

const DEPTH_MAX = 20;
/** PostgreSQL stores no U+0000, and half of a surrogate pair is no text. */
const storable = (value: string): boolean => !value.includes('\0') && value.isWellFormed();

const escape = (part: PropertyKey) => String(part).replaceAll('~', '~0').replaceAll('/', '~1');
const pointerOf = (place: string, path: readonly PropertyKey[]) =>
  place + path.map((part) => `/${escape(part)}`).join('');

type Issue = z.core.$ZodIssue;

function faultsOf(place: string, issue: Issue): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerOf(place, [...issue.path, key]), detail: 'is not known here' }));
  }
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return [{ pointer: pointerOf(place, issue.path), detail: missing ? 'is required' : issue.message }];
}

/** Strings that no database stores, and nesting that no message needs, anywhere in the value. */
function unstorable(place: string, value: unknown): { faults: Fault[]; tooDeep: boolean } {
  const faults: Fault[] = [];
  let tooDeep = false;
  const look = (part: unknown, path: readonly PropertyKey[]): void => {
    const fault = (detail: string) => void faults.push({ pointer: pointerOf(place, path), detail });
    if (typeof part === 'string') {
      if (!storable(part)) fault('must hold neither U+0000 nor half of a surrogate pair');
    } else if (part !== null && typeof part === 'object') {
      if (path.length >= DEPTH_MAX) {
        tooDeep = true;
        return fault(`must not be nested deeper than ${DEPTH_MAX}`);
      }
      for (const [key, inner] of Object.entries(part)) {
        if (!storable(key)) fault('has a key that cannot be stored');
        look(inner, [...path, key]);
      }
    }
  };
  look(value, []);
  return { faults, tooDeep };
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
    faults.push(...spoilt.faults);
    // What is nested too deep must not reach a recursive reader; its other faults are told all the same.
    const result = schema.safeParse(spoilt.tooDeep ? topLevel(given[part]) : given[part], { reportInput: true });
    if (result.success) read[part] = result.data;
    else faults.push(...result.error.issues.flatMap((issue) => faultsOf(place, issue)));
  }
  if (faults.length > 0) {
    const detail =
      faults.length === 1
        ? 'One thing is wrong with the request.'
        : `${faults.length} things are wrong with the request.`;
    throw new Problem('invalid_request', detail, { errors: faults });
  }
  return read as unknown as Parts;
}

/** The body with nested values cut off, so that its other faults can be told too. */
function topLevel(body: unknown): unknown {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return body;
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [
      key,
      value !== null && typeof value === 'object' ? (Array.isArray(value) ? [] : {}) : value,
    ]),
  );
}
