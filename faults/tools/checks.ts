// The checks of the kill run. Each compares the rows with what the receiver, the model and the clients saw.
import type { Finding } from '../checks/checks.ts';
import { answerOf } from './model.ts';
import { callKey, type StepRow, type ToolEvidence, type ToolReviewRow } from './evidence.ts';
import { CALLS_PER_TURN, isOnce } from './turns.ts';

export interface ToolCheck {
  readonly name: string;
  /** What does not hold. Empty: the invariant holds. */
  readonly run: (evidence: ToolEvidence) => string[];
}

/** Fewer prove nothing. */
export const [ENOUGH_UNKNOWN, ENOUGH_REPEATS] = [20, 20];
/** The clock of the database and that of this process are the same, but are rounded differently. */
const ROUNDING_MS = 2;

const ENDED: ReadonlySet<string> = new Set(['done', 'failed', 'declined']);

const keyOf = ({ turn_id: turnId, step }: Pick<StepRow, 'turn_id' | 'step'>) => callKey(turnId, step);
const entriesByCall = ({ entries }: ToolEvidence) => Map.groupBy(entries, ({ turnId, step }) => callKey(turnId, step));
const reviewsByCall = ({ rows }: ToolEvidence): Map<string, ToolReviewRow[]> => Map.groupBy(rows.reviews, keyOf);

function ended({ turns, rows, acknowledged, wrong, unexpectedExits }: ToolEvidence): string[] {
  const faults = [...wrong, ...unexpectedExits.map(({ name, how }) => `${name} ended by itself: ${how}`)];
  if (acknowledged.size < turns) faults.push(`${acknowledged.size} of ${turns} turns were accepted`);
  const byId = new Map(rows.turns.map((row) => [row.turn_id, row]));
  for (const [message, id] of acknowledged)
    if (byId.get(id)?.text !== message) faults.push(`${message} was accepted as ${id}, which is not its turn`);
  const steps = Map.groupBy(rows.steps, ({ turn_id: id }) => id);
  for (const { turn_id: id, status, error_code: code } of rows.turns) {
    const own = steps.get(id) ?? [];
    if (status !== 'completed') faults.push(`${id} is ${status}${code ? `: ${code}` : ''}`);
    if (own.length !== CALLS_PER_TURN) faults.push(`${id} has ${own.length} calls`);
    for (const each of own) if (!ENDED.has(each.status)) faults.push(`${keyOf(each)}, ${each.tool}, is ${each.status}`);
  }
  return faults;
}

/** A `once` call arrives once, and once more for each time that a person decided to retry it. */
function once(evidence: ToolEvidence): string[] {
  const reviews = reviewsByCall(evidence);
  return [...entriesByCall(evidence)].flatMap(([key, entries]) => {
    const retries = (reviews.get(key) ?? []).filter(({ status }) => status === 'retried').length;
    const isTooMany = isOnce(entries[0]!.tool) && entries.length > 1 + retries;
    return isTooMany ? [`${key}, ${entries[0]!.tool}, arrived ${entries.length} times with ${retries} retries`] : [];
  });
}

/** Every request of a call has its key, and what the rows say that was to be called. */
function unchanged(evidence: ToolEvidence): string[] {
  const steps = new Map(evidence.rows.steps.map((row) => [keyOf(row), row]));
  return [...entriesByCall(evidence)].flatMap(([key, entries]) => {
    const row = steps.get(key);
    if (!row) return [`${key} arrived and has no row`];
    return entries.flatMap((entry) => [
      ...(entry.key === key ? [] : [`${key} arrived under the key ${entry.key}`]),
      ...(entry.arguments === row.arguments ? [] : [`${key} arrived with ${entry.arguments}, not ${row.arguments}`]),
      ...(entry.callId === row.call_id && entry.tool === row.tool ? [] : [`${key} arrived as ${entry.callId}`]),
    ]);
  });
}

/** A call that needs approval arrives after the approval, with the arguments that were approved. */
function approved(evidence: ToolEvidence): string[] {
  const entries = entriesByCall(evidence);
  const faults: string[] = [];
  for (const row of evidence.rows.steps.filter(({ tool }) => tool === 'refund')) {
    const key = keyOf(row);
    const reviews = (reviewsOf(evidence, row) ?? []).filter(({ kind }) => kind === 'tool_call');
    const approval = reviews.find(({ status }) => status === 'approved' || status === 'edited');
    const arrived = entries.get(key) ?? [];
    if (!approval && arrived.length > 0) faults.push(`${key} arrived without an approval`);
    if (approval && arrived.some(({ at }) => at + ROUNDING_MS < approval.decided_ms!))
      faults.push(`${key} arrived before its approval`);
    if (approval?.status === 'edited' && row.arguments !== approval.decided_value)
      faults.push(`${key} has ${row.arguments}, and ${approval.decided_value} was approved`);
  }
  return faults;
}

const reviewsOf = ({ rows }: ToolEvidence, step: StepRow) =>
  rows.reviews.filter((review) => keyOf(review) === keyOf(step));

/** A `once` call whose request broke off was parked for a person each time. */
function parked(evidence: ToolEvidence): string[] {
  const reviews = reviewsByCall(evidence);
  return [...entriesByCall(evidence)].flatMap(([key, entries]) => {
    if (!isOnce(entries[0]!.tool)) return [];
    const broken = entries.filter(({ outcome }) => outcome !== 'answered').length;
    const asked = (reviews.get(key) ?? []).filter(({ kind }) => kind === 'tool_outcome').length;
    return asked < broken ? [`${key} broke off ${broken} times, and a person was asked ${asked} times`] : [];
  });
}

/** The answer in the journal is the last one of its round, and only a kill of its caller lets the model be asked again. */
function paidOnce(evidence: ToolEvidence): string[] {
  const { rows, asked } = evidence;
  const faults: string[] = [];
  const rounds = Map.groupBy(asked, ({ message, round }) => `${message}, round ${round}`);
  for (const [name, calls] of rounds)
    for (const [index, next] of calls.slice(1).entries()) {
      const { number, caller } = calls[index]!;
      // A connection belongs to one process, and what it has sent may be read after it was killed.
      if (!caller.killed || caller.killed.at > next.at)
        faults.push(`${name}: call ${next.number} repeated call ${number}, whose worker was not killed`);
    }
  const last = new Set([...rounds.values()].map((calls) => calls.at(-1)!.number));
  const used = [
    ...rows.steps.map((step) => [keyOf(step), Number(/^call_(\d+)_/.exec(step.call_id)?.[1])] as const),
    ...rows.turns.map(({ turn_id: id, reply }) => [id, answerOf(reply ?? '')] as const),
  ];
  for (const [name, number] of used)
    if (number === null || !last.has(number))
      faults.push(`${name} is of call ${number}, after which the model was asked again`);
  return faults;
}

/** The result of a call is one that the receiver gave, or that of a person, and the reply has it. */
function results(evidence: ToolEvidence): string[] {
  const entries = entriesByCall(evidence);
  const replies = new Map(evidence.rows.turns.map(({ turn_id: id, reply }) => [id, reply ?? '']));
  return evidence.rows.steps.flatMap((row) => {
    const key = keyOf(row);
    const given = (entries.get(key) ?? []).map(({ result }) => result);
    const byHand = reviewsOf(evidence, row).flatMap(({ status, decided_value: value }) =>
      status === 'responded' ? [value] : [],
    );
    const isKnown = row.status !== 'done' || [...given, ...byHand].includes(row.result);
    const isShown = row.result !== null && replies.get(row.turn_id)!.includes(row.result);
    return [
      ...(isKnown ? [] : [`${key} is done with ${row.result}, which nobody gave`]),
      ...(isShown ? [] : [`the reply does not contain the result of ${key}: ${row.result}`]),
    ];
  });
}

/** A decision that was confirmed is the one of the rows. */
function confirmed({ rows, confirmed: decisions }: ToolEvidence): string[] {
  const byId = new Map(rows.reviews.map((review) => [review.review_id, review]));
  return decisions.flatMap(({ reviewId, decision }) => {
    const stored = byId.get(reviewId)?.decision;
    return stored === decision ? [] : [`${reviewId}: ${decision} was confirmed, ${stored} is stored`];
  });
}

export const TOOL_CHECKS: readonly ToolCheck[] = [
  { name: 'I1 turns with calls end', run: ended },
  { name: 'I2 once calls arrive once', run: once },
  { name: 'I2 calls keep key and arguments', run: unchanged },
  { name: 'I2 approved calls run as approved', run: approved },
  { name: 'I2 unknown outcomes are parked', run: parked },
  { name: 'I2 results reach the reply', run: results },
  { name: 'I8 confirmed decisions are stored', run: confirmed },
  { name: 'I9 journaled answers are paid once', run: paidOnce },
];

/** What the kills caused. */
export interface Struck {
  /** Outcomes that a person had to find out. */
  readonly unknown: number;
  /** Requests of calls that may be repeated, after their first ones. */
  readonly repeats: number;
}

export const struckBy = (evidence: ToolEvidence): Struck => ({
  unknown: evidence.rows.reviews.filter(({ kind }) => kind === 'tool_outcome').length,
  repeats: [...entriesByCall(evidence).values()]
    .filter(([first]) => !isOnce(first!.tool))
    .reduce((sum, { length }) => sum + length - 1, 0),
});

/** The checks that do not hold. */
export const toolFindingsOf = (evidence: ToolEvidence): Finding[] =>
  TOOL_CHECKS.map(({ name, run }) => ({ check: name, faults: run(evidence) })).filter(
    ({ faults }) => faults.length > 0,
  );
