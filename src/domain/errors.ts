// Errors that cross layers.

/** The dependencies that may be unavailable. */
export type Dependency = 'database' | 'actors' | 'queues';

const MESSAGES: Readonly<Record<Dependency, string>> = {
  database: 'the database does not answer',
  actors: 'the actors do not answer',
  queues: 'the queues do not answer',
};

/** A dependency does not answer correctly right now. The same call can be repeated later. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  readonly dependency: Dependency;

  constructor(dependency: Dependency, { detail, cause }: { detail?: string; cause?: unknown } = {}) {
    super(detail ?? MESSAGES[dependency], cause === undefined ? {} : { cause });
    this.dependency = dependency;
  }
}
