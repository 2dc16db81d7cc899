// turnkeeper users: everything known of one, and forgetting it.
import { createInterface } from 'node:readline/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, Context } from './command.ts';
import { Failure, Unreachable, UsageFailure } from './failure.ts';

/** Between two looks at an erasure. */
const LOOK_MS = 500;

interface Erasure {
  readonly erasure_id: string;
  readonly status: string;
  readonly links: { readonly self: string };
}

const pathOf = (userId: string): string => `/users/${encodeURIComponent(userId)}`;

export const exportUser: Command = {
  words: 'users export',
  args: ['<user-id>'],
  options: [],
  does: 'Writes everything known of a user as one JSON document.',
  async run({ api }, [userId]) {
    const { body } = await api.open(`${pathOf(userId!)}/export`);
    try {
      // It may be larger than memory, so it is passed on as it comes.
      if (body) await pipeline(body, process.stdout, { end: false });
    } catch (error) {
      throw new Unreachable(`The export broke off, what was written is incomplete: ${(error as Error).message}`, false);
    }
    return 'ok';
  },
};

export const eraseUser: Command = {
  words: 'users erase',
  args: ['<user-id>'],
  options: ['yes', 'wait'],
  does: 'Erases a user everywhere, for good.',
  async run(context, [userId]) {
    const { api, output, options } = context;
    if (!options.yes) await confirm(context, userId!);
    let erasure = (await api.json<Erasure>(pathOf(userId!), { method: 'DELETE' })).body;
    if (options.wait && erasure.status !== 'completed') {
      output.note(`Erasing ${userId} …`);
      while (erasure.status !== 'completed') {
        await sleep(LOOK_MS);
        erasure = (await api.json<Erasure>(erasure.links.self)).body;
      }
    }
    if (output.json) output.document(erasure);
    else if (erasure.status === 'completed') output.line(`${userId} is erased.`);
    else output.line(`${userId} is being erased: ${erasure.links.self} tells how far it is.`);
    return 'ok';
  },
};

/** @throws UsageFailure where nobody can be asked; Failure where the answer is no */
async function confirm({ output }: Context, userId: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageFailure(['nobody can be asked here whether to erase: say --yes']);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<null>((resolve) => prompt.once('close', () => resolve(null)));
  output.ask(`Everything known of ${userId} will be gone for good.\n`);
  const answer = await Promise.race([prompt.question('Type the user id to go on: '), left]);
  prompt.close();
  if (answer === null) throw new Failure('interrupted', '\nNothing was erased.');
  if (answer.trim() !== userId) throw new Failure('failed', 'That is another id; nothing was erased.');
}
