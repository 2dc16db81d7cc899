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

/** What a value is told that is of none of the kinds it may be of; null: our own message says it. */
function noKindOf({ message, errors }: z.core.$ZodIssueInvalidUnion): string | null {
  const kinds = errors.flat().filter((issue) => issue.code === 'invalid_type');
  if (message !== 'Invalid input' || kinds.length === 0) return null;
  if (kinds.every((kind) => kind.message.endsWith('received undefined'))) return 'is required';
  return `must be ${kinds.map(({ expected }) => article(expected)).join(' or ')}`;
}

/** Our own messages stand in the schemas and are sentences already; zod's are replaced by ones that say the rule. */
function detailOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined') ? 'is required' : `must be ${article(issue.expected)}`;
    case 'too_small':
      return `must have at least ${sizeOf(issue, issue.minimum)}`;
    case 'too_big':
      return `must have at most ${sizeOf(issue, issue.maximum)}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.join(', ')}`;
    case 'invalid_union':
      return noKindOf(issue) ?? issue.message;
    default:
      return issue.message;
  }
}

const UNKNOWN: Readonly<Record<string, string>> = { '/query': 'is not a parameter of this operation' };

/** Of a value that may be of several kinds, the faults as the kind that it is; null: it is of none of them. */
function asTheKindItIs(issue: Issue): readonly Issue[] | null {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return null;
  const isKind = (issues: readonly Issue[]) =>
    issues.length > 0 && !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0);
  return issue.errors.find(isKind) ?? null;
}

/** The faults that zod found, with pointers below `root` ('' for the body). */
export function faultsOf(error: z.ZodError, root: string): Fault[] {
  return faultsOfIssues(error.issues, root);
}

function faultsOfIssues(issues: readonly Issue[], root: string): Fault[] {
  const faults: Fault[] = [];
  for (const issue of issues) {
    const within = asTheKindItIs(issue);
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
