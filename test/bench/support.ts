// Examples of what the benchmark computes with.
import type { SentTurn } from '../../bench/clients/load.ts';
import type { Row } from '../../bench/clients/verify.ts';
import type { Run } from '../../bench/scenarios/measure.ts';

/** The n-th turn of a user, sent when the one before it was acknowledged. */
export const turnOf = (user: string, n: number): SentTurn => ({
  turnId: `${user}-turn-${n}`,
  seq: n,
  user,
  text: `message ${n}`,
  sentAt: n * 10,
  ackedAt: n * 10 + 5,
  doneAt: n * 10 + 9,
});

/** The rows that a turn should leave behind. */
export const rowsOf = ({ user, turnId, text }: SentTurn): Row[] => [
  { user, turnId, role: 'user', content: text },
  { user, turnId, role: 'assistant', content: `echo: ${text}` },
];

/** A measurement of S2 without faults. */
export const runOf = (changes: Partial<Run>): Run => ({
  scenario: 'S2',
  system: 'embedded',
  turns: 4000,
  seconds: 8,
  accept: { p50: 4, p99: 20 },
  reply: { p50: 90, p99: 200 },
  acceptsPerSecond: 500,
  drainSeconds: 0,
  ofIdeal: null,
  cpuMs: { node: 3, postgres: 2 },
  cpuMsPerTurn: 5,
  mib: 500,
  modelCallsPerTurn: 1.2,
  loadBefore: 0.5,
  faults: [],
  ...changes,
});
