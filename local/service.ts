// A service is something that `npm start` starts: PostgreSQL, Redis, Dapr placement, daprd, the offline model.

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Service {
  readonly name: string;
  /** Shown to the user: the address and the folder of the data. Never contains a secret. */
  readonly detail: string;
  /** Stops it, gracefully first, and resolves when it has ended. Idempotent; concurrent callers share one stop. */
  stop(): Promise<void>;
  /** Resolves when it has ended, after stop() or by itself. */
  readonly exited: Promise<Exit>;
}

/** A service could not be started. The message contains the reason and advice. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
}

/** Another turnkeeper process uses the same data. */
export class InUseError extends ServiceError {}
