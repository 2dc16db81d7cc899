// Faults of the clock of one process.
import { whyNoFakeClock } from '../system/fake-clock.ts';
import { BOTH, pick, type Kind, type Strike } from './kind.ts';

const CLOCK = { rows: [40], runtimes: BOTH, group: 'clock', needs: 'fake clock', missing: whyNoFakeClock } as const;

function change({ system, draw }: Strike, difference: string) {
  const [name, clock] = pick([...system.base.clocks], draw);
  clock.set(difference);
  return { detail: `${name} ${difference}`, heal: () => clock.heal() };
}

export const CLOCK_KINDS: readonly Kind[] = [
  { ...CLOCK, name: 'clock-ahead', seconds: 8, inject: (strike) => change(strike, '+300') },
  { ...CLOCK, name: 'clock-behind', seconds: 8, inject: (strike) => change(strike, '-300') },
  { ...CLOCK, name: 'clock-fast', seconds: 8, inject: (strike) => change(strike, '+0 x1.1') },
];
