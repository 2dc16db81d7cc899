// Measures what each strike did, from the history of the clients, the model's ledger and the rows.
import type { Kind } from './injectors/kind.ts';
import type { Rows } from './checks/evidence.ts';
import type { Sent } from './load/history.ts';
import { latencyOf } from './load/texts.ts';
import type { ModelCall } from './system/model.ts';

/** A fault that was injected. Times are in milliseconds since 1970. */
export interface Struck {
  readonly kind: Kind;
  readonly at: number;
  readonly healedAt: number;
  /** Turns in flight, or model calls of the target. */
  readonly struck: number;
  readonly target: string | null;
  readonly detail: string;
  /** Another fault struck at the same time, so the recovery is not that of this kind alone. */
  readonly together: boolean;
}

/** Times in seconds. Null: there was nothing to measure. */
export interface StrikeRecord extends Struck {
  /** From the healing to the first turn that was sent after it and answered. */
  readonly serviceS: number | null;
  /** From the healing to the end of the last turn that was sent before it. Infinity: it never ended. */
  readonly lastTurnS: number;
  /** From the strike to the next model call, for each call that the target had not finished. */
  readonly takeoversS: readonly number[];
  /** The longest time that a turn took during the fault, without the time of the model and of the user's earlier turns. */
  readonly worstS: number;
}

interface Sources {
  readonly turns: readonly Sent[];
  readonly rows: Rows;
  readonly calls: ReadonlyMap<string, readonly ModelCall[]>;
}

const secondsBetween = (from: number, to: number): number => Math.max(0, to - from) / 1000;
const most = (values: Iterable<number>): number => [...values].reduce((max, value) => Math.max(max, value), 0);

interface Settled {
  readonly at: number;
  /** When the turn before it of the same user was settled: until then it has to wait. */
  readonly before: number;
}

/** When each message was settled, by the rows. A turn that nobody accepted is not in it. */
function settledTimes({ turns, reviews }: Rows): Map<string, Settled> {
  const parked = new Map(reviews.map(({ turn_id: id, created_ms: at }) => [id, at]));
  const settled = new Map<string, Settled>();
  let [user, before] = ['', 0];
  for (const row of turns) {
    if (row.user_id !== user) [user, before] = [row.user_id, 0];
    const at = parked.get(row.turn_id) ?? row.finished_ms ?? Infinity;
    settled.set(row.text, { at, before });
    before = at;
  }
  return settled;
}

export function measure(strikes: readonly Struck[], { turns, rows, calls }: Sources): StrikeRecord[] {
  const settled = settledTimes(rows);
  return strikes.map((strike) => {
    const { at, healedAt, target } = strike;
    const before = turns.filter(({ sentAt, text }) => sentAt < healedAt && settled.has(text));
    const after = turns.filter(({ sentAt, doneAt }) => sentAt >= healedAt && doneAt !== null);
    const during = before.filter(({ text }) => settled.get(text)!.at > at);
    return {
      ...strike,
      serviceS: after.length === 0 ? null : secondsBetween(healedAt, Math.min(...after.map(({ doneAt }) => doneAt!))),
      lastTurnS: most(before.map(({ text }) => secondsBetween(healedAt, settled.get(text)!.at))),
      worstS: most(
        during.map(({ sentAt, text }) => {
          const { at: end, before: turn } = settled.get(text)!;
          return secondsBetween(Math.max(at, sentAt, turn) + latencyOf(text), end);
        }),
      ),
      takeoversS: target === null ? [] : takeoversOf(target, at, calls),
    };
  });
}

function takeoversOf(target: string, at: number, calls: Sources['calls']): number[] {
  const times: number[] = [];
  for (const all of calls.values()) {
    const index = all.findIndex((call) => call.from === target && call.at <= at && (call.endedAt ?? Infinity) >= at);
    const next = index < 0 ? undefined : all[index + 1];
    if (next && next.at > at) times.push(secondsBetween(at, next.at));
  }
  return times;
}
