// A decision on a review as the command line gives it. No I/O.
import type { ListedReview } from '../../web/src/api/types.ts';
import type { OptionName, Options } from './command.ts';

type Content = Extract<OptionName, 'reply' | 'arguments' | 'result'>;

/** The options of which a decision needs one. Whether an edit is of a reply or of a call depends on the review. */
const NEEDS: Readonly<Record<string, readonly Content[]>> = {
  approve: [],
  edit: ['reply', 'arguments'],
  reject: [],
  respond: ['result'],
  retry: [],
  revise: [],
};

export const DECISIONS = Object.keys(NEEDS);

const CONTENTS: readonly Content[] = ['reply', 'arguments', 'result'];
const listed = (names: readonly Content[]): string => names.map((name) => `--${name}`).join(' or ');

function jsonObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** The faults of a decision and its options. */
export function decisionFaults(decision: string, options: Options): string[] {
  if (!DECISIONS.includes(decision)) return [`the decision must be one of ${DECISIONS.join(', ')}`];
  const needed = NEEDS[decision]!;
  const given = CONTENTS.filter((name) => options[name] !== undefined);
  const faults = given
    .filter((name) => !needed.includes(name))
    .map((name) => `--${name} is only valid with ${DECISIONS.find((each) => NEEDS[each]!.includes(name))}`);
  const fitting = given.filter((name) => needed.includes(name));
  if (needed.length > 0 && fitting.length === 0) faults.push(`${listed(needed)} is required to ${decision}`);
  if (fitting.length > 1) faults.push(`only one of ${listed(fitting)} is valid`);
  if (decision === 'revise' && options.note === undefined) faults.push('--note is required to revise');
  if (options.arguments !== undefined && jsonObject(options.arguments) === null)
    faults.push('--arguments must be a JSON object');
  if (options.seen !== undefined && !/^[0-9a-f]{64}$/i.test(options.seen))
    faults.push('--seen must be a SHA-256 of 64 hexadecimal digits');
  return faults;
}

/** The object or list of a JSON text; null: the text is anything else. */
function structured(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** The body of the request, from options without faults. `kind`: only needed with `--seen`. */
export function decisionBody(decision: string, options: Options, kind?: ListedReview['kind']) {
  const { reply, arguments: edited, result, note, seen } = options;
  const hash = kind === 'reply' ? { draft_sha256: seen } : { arguments_sha256: seen };
  return {
    decision,
    reply,
    arguments: edited === undefined ? undefined : jsonObject(edited)!,
    result: result === undefined ? undefined : (structured(result) ?? result),
    note,
    ...(seen !== undefined && hash),
  };
}
