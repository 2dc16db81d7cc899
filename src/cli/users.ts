// turnkeeper users: exports and erases all data of a user.
import { createInterface } from 'node:readline/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Erasure } from '../../web/src/api/types.ts';
import type { Command, Context } from './command.ts';
import { Failure, Unreachable, UsageFailure } from './failure.ts';

/** Between two polls of an erasure. */
const POLL_MS = 500;

const pathOf = (userId: string): string => `/users/${encodeURIComponent(userId)}`;

export const exportUser: Command = {
  words: 'users export',
  args: ['<user-id>'],
  options: [],
  description: 'Writes all data of a user as one JSON document.',
  async run({ api }, [userId]) {
    const { body } = await api.open(`${pathOf(userId!)}/export`);
    try {
      // Streamed, because it may be larger than memory.
      if (body) await pipeline(body, process.stdout, { end: false });
    } catch (error) {
      throw new Unreachable(`The export was interrupted and is incomplete: ${(error as Error).message}`, false);
    }
    return 'ok';
  },
};

export const eraseUser: Command = {
  words: 'users erase',
  args: ['<user-id>'],
  options: ['yes', 'wait'],
  description: 'Permanently erases all data of a user.',
  async run(context, [userId]) {
    const { api, output, options } = context;
    if (!options.yes) await confirm(context, userId!);
    let erasure = (await api.json<Erasure>(pathOf(userId!), { method: 'DELETE' })).body;
    if (options.wait && erasure.status !== 'completed') {
      output.note(`Erasing ${userId}…`);
      while (erasure.status !== 'completed') {
        await sleep(POLL_MS);
        erasure = (await api.json<Erasure>(erasure.links.self)).body;
      }
    }
    if (output.json) output.document(erasure);
    else if (erasure.status === 'completed') output.line(`${userId} is erased.`);
    else output.line(`${userId} is being erased. Status: ${erasure.links.self}`);
    return 'ok';
  },
};

/** Asks for the user id. @throws UsageFailure without a terminal; Failure if the input is not the user id */
async function confirm({ output }: Context, userId: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageFailure(['confirmation requires a terminal; use --yes to skip it']);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<null>((resolve) => prompt.once('close', () => resolve(null)));
  output.ask(`All data of ${userId} will be permanently erased.\n`);
  const answer = await Promise.race([prompt.question('Type the user id to confirm: '), closed]);
  prompt.close();
  if (answer === null) throw new Failure('interrupted', '\nNothing was erased.');
  if (answer.trim() !== userId) throw new Failure('failed', 'The user id does not match. Nothing was erased.');
}
