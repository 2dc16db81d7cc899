// All kinds of faults, and the rows of the matrix that a campaign does not run.
import { CLOCK_KINDS } from './clock.ts';
import { DEPENDENCY_KINDS } from './dependencies.ts';
import type { Kind } from './kind.ts';
import { NETWORK_KINDS } from './network.ts';
import { POSTGRES_KINDS } from './postgres.ts';
import { PROCESS_KINDS } from './processes.ts';
import { REDIS_KINDS } from './redis.ts';

export const KINDS: readonly Kind[] = [
  ...PROCESS_KINDS,
  ...POSTGRES_KINDS,
  ...REDIS_KINDS,
  ...NETWORK_KINDS,
  ...DEPENDENCY_KINDS,
  ...CLOCK_KINDS,
];

/** Rows that the load itself runs all the time. */
export const ROWS_OF_LOAD: readonly number[] = [4, 10, 32, 45];

/** The row of the kill run of tools (`faults/tools`), which has a load and checks of its own. */
export const ROW_OF_TOOLS = 46;

/** Rows that are not run, with the reason. */
export const NOT_RUN: Readonly<Record<number, string>> = {
  14: 'needs a caller of daprd that gives up; test/actors runs it',
  19: 'needs a failpoint in the actor; test/actors runs it',
  24: 'an erasure removes the rows that the campaign checks; test/users runs it',
  30: 'the campaign is no subscriber of pub/sub; test/pubsub runs it',
  34: 'there are no tenants; test/http runs the rights of roles',
  37: 'switching off the actor state needs a version of its own; test/memory runs it',
  39: 'addresses of webhooks; test/webhooks runs it',
};

/** Parts of rows and runs that this machine cannot have. */
export const NOT_HERE: readonly string[] = [
  'the scheduler (parts of 17 and 41): nothing uses it',
  'nodes of CockroachDB: not available here',
  'the soak of 24 hours, and 100 seeds for each kind',
];
