// A part is something `npm start` brings along: a database, a Redis, a sidecar, the offline model.

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Service {
  readonly name: string;
  /** For the people who started us: where it listens, where its data is. Never a secret. */
  readonly detail: string;
  /** Ends it, gracefully first, and resolves when it is gone. Idempotent; concurrent callers share one stop. */
  stop(): Promise<void>;
  /** Resolves when it has ended, by stop() or by itself. */
  readonly exited: Promise<Exit>;
}

/** A part could not be started; the message says why and what to do. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
}

/** Thrown when another living process of ours uses the same data. */
export class InUseError extends ServiceError {}
