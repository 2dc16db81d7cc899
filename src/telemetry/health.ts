// The health of this process. It is checked by calling every dependency.
import { singleFlight } from '../concurrency/single-flight.ts';
import { within } from '../concurrency/within.ts';

export const DEPENDENCIES = ['database', 'redis', 'actors'] as const;
export type CheckedDependency = (typeof DEPENDENCIES)[number];

export interface Health {
  /** Calls the dependency. Rejects if it does not answer in time. */
  readonly checks: Readonly<Record<CheckedDependency, () => Promise<void>>>;
  /** True as soon as the process is stopping. */
  draining(): boolean;
}

export interface Readiness {
  readonly ready: boolean;
  readonly draining: boolean;
  readonly up: Readonly<Record<CheckedDependency, boolean>>;
}

/** Timeout of a probe. After that the dependency counts as unavailable. */
const PROBE_MS = 3_000;

/** The result of the probe. Rejects if it takes longer than 3 s. */
export const withinProbeTime = <T>(probe: Promise<T>): Promise<T> => within(PROBE_MS, probe);

/** The health of a process with these dependencies. */
export function healthOf(
  probes: Readonly<Record<CheckedDependency, () => Promise<unknown>>>,
  draining: () => boolean,
): Health {
  const { database, redis, actors } = probes;
  const checkOf = (probe: () => Promise<unknown>) => async () => void (await withinProbeTime(probe()));
  return { checks: { database: checkOf(database), redis: checkOf(redis), actors: checkOf(actors) }, draining };
}

/** Calls every dependency. Concurrent callers share one round of calls, because any client may ask. Never rejects. */
export function sharedReadiness(health: Health): () => Promise<Readiness> {
  const answers = (dependency: CheckedDependency) =>
    health.checks[dependency]().then(
      () => true,
      () => false,
    );
  const callAll = singleFlight(async () => {
    const [database, redis, actors] = await Promise.all([answers('database'), answers('redis'), answers('actors')]);
    return { database, redis, actors };
  });
  return async () => {
    const up = await callAll();
    const draining = health.draining();
    return { ready: !draining && Object.values(up).every(Boolean), draining, up };
  };
}
