// A kind of fault: what it does, which rows of the matrix it covers, and how it is healed.
import type { Load } from '../load/load.ts';
import type { Need, Runtime, System, Target } from '../system/system.ts';

/** A time in which a process could not keep its claims. */
export interface Loss {
  /** A process, the link that several processes share, or `all`. */
  readonly from: string;
  readonly why: 'killed' | 'frozen' | 'cut off' | 'slow model';
  readonly at: number;
  until: number;
}

export interface Strike {
  readonly system: System;
  readonly load: Load;
  /** A generator that belongs to this strike, so that a seed replays it. */
  readonly draw: () => number;
  /** Records which process lost its claims, for the number of model calls that is allowed. */
  readonly lost: (from: string, why: Loss['why']) => Loss;
}

/** What `inject` returns: how the fault ends. */
export interface Injected {
  readonly heal: () => Promise<void> | void;
  /** The process that was struck. */
  readonly target?: string;
  /** Printed in the log of faults. */
  readonly detail?: string;
}

export interface Kind {
  readonly name: string;
  readonly rows: readonly number[];
  readonly runtimes: readonly Runtime[];
  /** Two faults of one group never overlap. */
  readonly group: 'process' | 'postgres' | 'redis' | 'network' | 'model' | 'webhook' | 'clock' | 'load';
  readonly seconds: number;
  /** What counts as struck: the model calls of the target, or (missing) all turns in flight. */
  readonly strikes?: 'calls';
  /** Upper bounds in seconds for this kind, stricter than those for all kinds. */
  readonly bound?: { readonly takeover?: number; readonly worst?: number };
  /** The data of the services must be on a small file system, or the processes must have clocks that can be changed. */
  readonly needs?: Need;
  /** Why it cannot run on this machine; null: it can. */
  readonly missing?: () => string | null;
  inject(strike: Strike): Promise<Injected> | Injected;
}

export const BOTH: readonly Runtime[] = ['embedded', 'dapr'];
export const DAPR: readonly Runtime[] = ['dapr'];
export const EMBEDDED: readonly Runtime[] = ['embedded'];

export const pick = <T>(items: readonly T[], draw: () => number): T => {
  if (items.length === 0) throw new Error('there is nothing to strike');
  return items[Math.floor(draw() * items.length)]!;
};

/** One of the processes with the role. */
export const pickTarget = ({ system, draw }: Strike, role: Parameters<System['targets']>[0]): Target =>
  pick(system.targets(role), draw);
