// Everything that is wrong with an input, each fault with where it is.
import type { z } from 'zod';
import type { Fault } from './problem.ts';

/** Appends one step to a JSON Pointer (RFC 6901). */
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

/** The sentence for a fault that zod finds by itself. A message in the schema wins. Pass it to `safeParse` as `error`.
 *  The value of an issue is known here, so a missing value can be told from one of a wrong type. */
export function sentenceOf(issue: z.core.$ZodRawIssue): string | undefined {
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

/** zod's message for a value that fits no member of a union, if the schema has none of its own. */
const NO_MEMBER = 'Invalid input';

/** What a value must be that fits no member of a union; null: the schema's own message says it. */
function membersOf({ message, errors }: z.core.$ZodIssueInvalidUnion): string | null {
  const kinds = errors.flat().filter((issue) => issue.code === 'invalid_type');
  if (message !== NO_MEMBER || kinds.length === 0) return null;
  if (kinds.every((kind) => kind.message === REQUIRED)) return REQUIRED;
  return `must be ${kinds.map(({ expected }) => article(expected)).join(' or ')}`;
}

const detailOf = (issue: Issue): string => (issue.code === 'invalid_union' && membersOf(issue)) || issue.message;

const UNKNOWN: Readonly<Record<string, string>> = { '/query': 'is not a parameter of this operation' };

/** The faults of the union member whose type the value has, such as an array with a wrong item; null: it has the type of
 *  no member. */
function faultsOfMember(issue: Issue): readonly Issue[] | null {
  if (issue.code !== 'invalid_union' || issue.message !== NO_MEMBER) return null;
  const hasType = (issues: readonly Issue[]) =>
    issues.length > 0 && !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  return issue.errors.find(hasType) ?? null;
}

/** The faults that zod found, parsing with `sentenceOf`, with pointers below `root` ('' for the body). */
export function faultsOf(error: z.ZodError, root: string): Fault[] {
  return faultsOfIssues(error.issues, root);
}

function faultsOfIssues(issues: readonly Issue[], root: string): Fault[] {
  const faults: Fault[] = [];
  for (const issue of issues) {
    const within = faultsOfMember(issue);
    if (within) {
      faults.push(...faultsOfIssues(within, issue.path.reduce<string>(stepTo, root)));
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

/** Keeps the first fault of each place: two rules may find the same one. */
export function withoutRepeats(faults: readonly Fault[]): Fault[] {
  const seen = new Set<string>();
  return faults.filter(({ pointer }) => !seen.has(pointer) && seen.add(pointer));
}
