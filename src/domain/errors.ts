// Errors that cross layers.

/** The dependencies that may be unavailable. */
export type Dependency = 'database' | 'actors' | 'queues';

const MESSAGES: Readonly<Record<Dependency, string>> = {
  database: 'the database does not answer',
  actors: 'the actors do not answer',
  queues: 'the queues do not answer',
};

export interface UnavailableExtras {
  readonly detail?: string;
  readonly cause?: unknown;
  /** Default: false. */
  readonly outcomeUnknown?: boolean;
}

/** A dependency does not answer correctly right now. The same call can be repeated later. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly dependency: Dependency;
  /** A write was sent and its answer did not arrive, so it may have been applied. False: certainly nothing was written. */
  readonly outcomeUnknown: boolean;

  constructor(dependency: Dependency, { detail, cause, outcomeUnknown = false }: UnavailableExtras = {}) {
    super(detail ?? MESSAGES[dependency], cause === undefined ? {} : { cause });
    this.dependency = dependency;
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** Runs the rest of an operation that has already written something: if a dependency is unavailable now, the caller
 *  must not conclude that nothing was written. @throws Unavailable with an unknown outcome */
export async function afterWrite<T>(rest: () => Promise<T>): Promise<T> {
  try {
    return await rest();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    throw new Unavailable(error.dependency, { detail: error.message, cause: error, outcomeUnknown: true });
  }
}
