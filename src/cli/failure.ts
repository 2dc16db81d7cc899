// Why a command could not do what it was asked.
import type { Problem } from '../../web/src/api/types.ts';
import { endingOf, type Ending } from './exit-codes.ts';

/** An error with the way the program ends on it. Its message is for people. */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  readonly ending: Ending;

  constructor(ending: Ending, message: string) {
    super(message);
    this.ending = ending;
  }

  /** The same for machines. */
  get document(): object {
    return { title: this.message };
  }
}

/** What is wrong with the command line, all of it. */
export class UsageFailure extends Failure {
  override readonly name = 'UsageFailure';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super('usage', faults.join('\n'));
    this.faults = faults;
  }

  override get document(): object {
    return { title: 'The command line is wrong', errors: this.faults.map((detail) => ({ detail })) };
  }
}

/** No answer came. `refused`: the request never left, so nothing was done. */
export class Unreachable extends Failure {
  override readonly name = 'Unreachable';
  readonly refused: boolean;

  constructor(message: string, refused: boolean) {
    super('unreachable', message);
    this.refused = refused;
  }
}

/** A problem document as it may come: from turnkeeper whole, from a proxy in between the status alone. */
export type ProblemAnswer = Pick<Problem, 'status' | 'title'> &
  Partial<Pick<Problem, 'detail' | 'errors'>> & { readonly code?: string };

/** The server's answer is an error. */
export class Refused extends Failure {
  override readonly name = 'Refused';
  readonly problem: ProblemAnswer;

  constructor(problem: ProblemAnswer) {
    const { status, title, detail, errors = [] } = problem;
    const faults = errors.map((fault) => `  ${fault.pointer || 'the body'} ${fault.detail}`);
    super(endingOf(status), [detail ? `${title}: ${detail}` : title, ...faults].join('\n'));
    this.problem = problem;
  }

  override get document(): object {
    return this.problem;
  }
}
