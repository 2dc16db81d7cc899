// I9: the model is called once for each turn, once more for each claim whose holder died, and again after a failed call.
import type { Loss } from '../injectors/kind.ts';
import { LEASE_S } from '../system/system.ts';
import type { ModelCall } from '../system/model.ts';
import type { Check, Evidence } from './evidence.ts';

const MARGIN_MS = 1_000;

/** A call that ended before its process was asked for: it may be of any child of the instance. */
const isShared = ({ from }: ModelCall): boolean => from === 'instance' || from === 'unknown';

const isOf = ({ from }: Loss, call: ModelCall): boolean =>
  from === call.from || from === 'all' || isShared(call) || (from === 'instance' && call.from.startsWith('child'));

/** A freeze or a cut counts only if claims can lapse meanwhile: two thirds of a lease, since they are renewed. */
const canLoseClaims = ({ why, at, until }: Loss): boolean => why === 'killed' || until - at >= (LEASE_S * 2_000) / 3;

/** Whether the process could not keep its claims at some time from `from` to `until`. */
function lossOf(call: ModelCall, losses: readonly Loss[], from: number, until: number): Loss | undefined {
  return losses.find((loss) => {
    const overlaps = loss.at <= until && loss.until + MARGIN_MS >= from;
    return overlaps && isOf(loss, call) && canLoseClaims(loss);
  });
}

/** Whether the call belongs to an old claim although it began last: its process claimed the turn, was frozen or cut off
 *  while the lease lapsed, and went on. */
export const isOfOldClaim = (call: ModelCall, losses: readonly Loss[]): boolean => {
  const loss = lossOf(
    call,
    losses.filter(({ why }) => why !== 'killed'),
    call.at,
    call.at,
  );
  return loss !== undefined && loss.at < call.at;
};

export interface Repeats {
  /** Calls that repeated a call, by the reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Calls that nothing explains. */
  readonly faults: readonly string[];
}

/** Why calls were repeated. */
export function repeatsOf({ calls, losses, rows }: Pick<Evidence, 'calls' | 'losses' | 'rows'>): Repeats {
  const reasons: Record<string, number> = {};
  const faults: string[] = [];
  const claims = new Map(rows.turns.map(({ text, epoch }) => [text, epoch]));
  for (const [text, all] of calls) {
    for (const [index, next] of all.slice(1).entries()) {
      const call = all[index]!;
      const reason = reasonOf(call, next, losses, claims.get(text) ?? 0);
      if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1;
      else
        faults.push(`${text}: call ${call.number} of ${call.from} was ${call.outcome}, and ${next.from} called again`);
    }
  }
  return { reasons, faults };
}

function reasonOf(call: ModelCall, next: ModelCall, losses: readonly Loss[], claims: number): string | null {
  if (call.outcome === 'failed') return 'failed call';
  const lost = lossOf(call, losses, call.at, next.at);
  if (lost) return lost.why;
  if (isOfOldClaim(next, losses)) return 'old claim';
  // The only claim of the turn repeated a call that it had given up: the call took longer than its time limit.
  return claims === 1 && call.outcome === 'broken' ? 'time limit' : null;
}

export const CALL_CHECKS: readonly Check[] = [
  { name: 'I9 model calls', run: (evidence) => [...repeatsOf(evidence).faults] },
];
