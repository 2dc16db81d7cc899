// Validation errors of an input, each with a JSON Pointer to the invalid value.
import type { z } from 'zod';
import type { Fault } from './problem.ts';

/** Appends one reference token to a JSON Pointer (RFC 6901). */
export const stepTo = (pointer: string, key: PropertyKey): string =>
  `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

const article = (noun: string): string => (/^[aeio]/.test(noun) ? `an ${noun}` : `a ${noun}`);
const counted = (count: number | bigint, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const UNIT_OF: Readonly<Record<string, string>> = { string: 'character', array: 'item' };

function sizeOf(issue: { origin: string }, bound: number | bigint): string {
  const unit = UNIT_OF[issue.origin];
  return unit ? counted(bound, unit) : String(bound);
}

type Issue = z.core.$ZodIssue;

const REQUIRED = 'is required';

/** The message for an issue of zod's own checks. A message in the schema takes precedence. Pass this function to
 *  `safeParse` as `error`: only there is the input of an issue known, so that a missing value and a value of the wrong
 *  type get different messages. */
export function messageOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? REQUIRED : `must be ${article(issue.expected)}`;
    case 'too_small':
      return `must have at least ${sizeOf(issue, issue.minimum)}`;
    case 'too_big':
      return `must have at most ${sizeOf(issue, issue.maximum)}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.join(', ')}`;
    default:
      return undefined;
  }
}

/** zod's message for a value that matches no member of a union, if the schema has no message. */
const NO_MEMBER = 'Invalid input';

/** The message for a value that matches no member of a union: the types of the members. Null: use the schema's message. */
function membersOf({ message, errors }: z.core.$ZodIssueInvalidUnion): string | null {
  const kinds = errors.flat().filter((issue) => issue.code === 'invalid_type');
  if (message !== NO_MEMBER || kinds.length === 0) return null;
  if (kinds.every((kind) => kind.message === REQUIRED)) return REQUIRED;
  return `must be ${kinds.map(({ expected }) => article(expected)).join(' or ')}`;
}

const detailOf = (issue: Issue): string => (issue.code === 'invalid_union' && membersOf(issue)) || issue.message;

const UNKNOWN: Readonly<Record<string, string>> = { '/query': 'is not a parameter of this operation' };

/** The issues of the union member whose type the value has, such as an array with an invalid item. Null: the value has
 *  the type of no member. */
function faultsOfMember(issue: Issue): readonly Issue[] | null {
  if (issue.code !== 'invalid_union' || issue.message !== NO_MEMBER) return null;
  const matchesType = (issues: readonly Issue[]) =>
    issues.length > 0 && !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  return issue.errors.find(matchesType) ?? null;
}

/** Converts the issues of a parse with `messageOf` into faults with pointers below `root` ('' for the body). */
export function faultsOf(error: z.ZodError, root: string): Fault[] {
  return faultsOfIssues(error.issues, root);
}

function faultsOfIssues(issues: readonly Issue[], root: string): Fault[] {
  const faults: Fault[] = [];
  for (const issue of issues) {
    const nested = faultsOfMember(issue);
    if (nested) {
      faults.push(...faultsOfIssues(nested, issue.path.reduce<string>(stepTo, root)));
      continue;
    }
    const pointer = issue.path.reduce<string>(stepTo, root);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        faults.push({ pointer: stepTo(pointer, key), detail: UNKNOWN[root] ?? 'is not a known field' });
    } else {
      faults.push({ pointer, detail: detailOf(issue) });
    }
  }
  return faults;
}

/** Keeps the first fault of each pointer: two checks may report the same value. */
export function withoutRepeats(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ pointer }) => !seen.has(pointer) && seen.add(pointer));
}
