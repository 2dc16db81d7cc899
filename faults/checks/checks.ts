// All checks of a campaign.
import { ACCEPTED_CHECKS } from './accepted.ts';
import { CALL_CHECKS } from './calls.ts';
import { DERIVED_CHECKS } from './derived.ts';
import { EFFECT_CHECKS } from './effects.ts';
import type { Check, Evidence } from './evidence.ts';
import { LEAK_CHECKS } from './leaks.ts';
import { ORDER_CHECKS } from './order.ts';
import { RECOVERY_CHECKS } from './recovery.ts';

export const CHECKS: readonly Check[] = [
  ...ACCEPTED_CHECKS,
  ...EFFECT_CHECKS,
  ...ORDER_CHECKS,
  ...DERIVED_CHECKS,
  ...RECOVERY_CHECKS,
  ...CALL_CHECKS,
  ...LEAK_CHECKS,
];

export interface Finding {
  readonly check: string;
  readonly faults: readonly string[];
}

/** The checks that do not hold. */
export const findingsOf = (evidence: Evidence): Finding[] =>
  CHECKS.map(({ name, run }) => ({ check: name, faults: run(evidence) })).filter(({ faults }) => faults.length > 0);
