// Errors that end the program with an exit code.
import type { Problem } from '../../web/src/api/types.ts';
import { exitReasonOf, type ExitReason } from './exit-codes.ts';

/** An error with an exit reason. Its message is for the user. */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  readonly exitReason: ExitReason;

  constructor(exitReason: ExitReason, message: string) {
    super(message);
    this.exitReason = exitReason;
  }

  /** The error as JSON. */
  get document(): object {
    return { title: this.message };
  }
}

/** All faults of the command line. */
export class UsageFailure extends Failure {
  override readonly name = 'UsageFailure';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super('usage', faults.join('\n'));
    this.faults = faults;
  }

  override get document(): object {
    return { title: 'Invalid command line', errors: this.faults.map((detail) => ({ detail })) };
  }
}

/** No response. `notSent`: there was no connection, so the request was not processed. */
export class Unreachable extends Failure {
  override readonly name = 'Unreachable';
  readonly notSent: boolean;

  constructor(message: string, notSent: boolean) {
    super('unreachable', message);
    this.notSent = notSent;
  }
}

/** A problem document. From turnkeeper it is complete; a proxy may send the status only. */
export type ProblemBody = Pick<Problem, 'status' | 'title'> &
  Partial<Pick<Problem, 'detail' | 'errors'>> & { readonly code?: string };

/** The server returned an error. */
export class ApiError extends Failure {
  override readonly name = 'ApiError';
  readonly problem: ProblemBody;

  constructor(problem: ProblemBody) {
    const { status, title, detail, errors = [] } = problem;
    const faults = errors.map((fault) => `  ${fault.pointer || 'the body'} ${fault.detail}`);
    super(exitReasonOf(status), [detail ? `${title}: ${detail}` : title, ...faults].join('\n'));
    this.problem = problem;
  }

  override get document(): object {
    return this.problem;
  }
}
