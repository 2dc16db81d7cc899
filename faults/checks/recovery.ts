// I7: after every fault the service returns and the turns end within bounds.
import type { StrikeRecord } from '../strikes.ts';
import type { Check, Evidence } from './evidence.ts';

/** Seconds from a healing to the first new turn that is answered, and to the end of the last turn sent before it. */
export const [SERVICE_S, LAST_TURN_S] = [20, 40];

/** The nearest-rank quantile of the values; 0: there are none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

function faultsOfStrike({ kind, together, serviceS, lastTurnS, takeoversS, worstS, at }: StrikeRecord): string[] {
  const faults: string[] = [];
  const what = `${kind.name} at ${new Date(at).toISOString()}`;
  if (serviceS !== null && serviceS > SERVICE_S) faults.push(`${what}: service after ${serviceS.toFixed(1)} s`);
  if (lastTurnS > LAST_TURN_S) faults.push(`${what}: last turn after ${lastTurnS.toFixed(1)} s`);
  const takeover = quantile(takeoversS, 0.99);
  if (!together && kind.bound?.takeover !== undefined && takeover > kind.bound.takeover)
    faults.push(`${what}: takeover p99 ${takeover.toFixed(1)} s, at most ${kind.bound.takeover} s`);
  if (!together && kind.bound?.worst !== undefined && worstS > kind.bound.worst)
    faults.push(`${what}: worst turn ${worstS.toFixed(1)} s, at most ${kind.bound.worst} s`);
  return faults;
}

/** After the last healing and the time to recover, no request is refused. */
function cleanTail({ tail, history }: Evidence): string[] {
  const faults: string[] = [];
  if (tail.serviceS === null || tail.serviceS > SERVICE_S) faults.push(`service after ${tail.serviceS ?? '∞'} s`);
  if (tail.lastTurnS === null || tail.lastTurnS > LAST_TURN_S)
    faults.push(`last turn after ${tail.lastTurnS ?? '∞'} s`);
  for (const { at, what } of history.refusals)
    if (at >= tail.from && at <= tail.until) faults.push(`in the tail: ${what}`);
  return faults;
}

export const RECOVERY_CHECKS: readonly Check[] = [
  { name: 'I7 recovery within the bounds', run: ({ strikes }) => strikes.flatMap(faultsOfStrike) },
  { name: 'I7 clean tail', run: cleanTail },
];
