// Whether this process can do its work: what it stands on is really called.

export const DEPENDENCIES = ['database', 'redis', 'actors'] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

export interface Health {
  /** Really calls the dependency; rejects where it does not answer in time. */
  readonly checks: Readonly<Record<Dependency, () => Promise<void>>>;
  /** True as soon as the process is being stopped. */
  draining(): boolean;
}

export interface Readiness {
  readonly ready: boolean;
  readonly draining: boolean;
  readonly up: Readonly<Record<Dependency, boolean>>;
}

/** A dependency that has not answered a probe by then counts as away. */
const PROBE_MS = 3_000;

/** What the probe gives; rejects where it does not within 3 s. */
export function inTime<T>(probe: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PROBE_MS} ms`)), PROBE_MS);
  });
  return Promise.race([probe, late]).finally(() => clearTimeout(timer));
}

/** The health of a process that stands on what these call. */
export function healthOf(
  probes: Readonly<Record<Dependency, () => Promise<unknown>>>,
  draining: () => boolean,
): Health {
  const { database, redis, actors } = probes;
  const checkOf = (probe: () => Promise<unknown>) => async () => void (await inTime(probe()));
  return { checks: { database: checkOf(database), redis: checkOf(redis), actors: checkOf(actors) }, draining };
}

/** Calls every dependency; callers that ask at the same time share one round, since anybody may ask. Never rejects. */
export function sharedReadiness(health: Health): () => Promise<Readiness> {
  let underWay: Promise<Readiness['up']> | null = null;
  const answers = (dependency: Dependency) =>
    health.checks[dependency]().then(
      () => true,
      () => false,
    );
  const callAll = async () => {
    const [database, redis, actors] = await Promise.all([answers('database'), answers('redis'), answers('actors')]);
    return { database, redis, actors };
  };
  return async () => {
    underWay ??= callAll().finally(() => {
      underWay = null;
    });
    const up = await underWay;
    const stopping = health.draining();
    return { ready: !stopping && Object.values(up).every(Boolean), draining: stopping, up };
  };
}
