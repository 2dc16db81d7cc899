// Waits until turnkeeper has nothing left to do for a load: CPU that is used later belongs to the turns too.
import { setTimeout as sleep } from 'node:timers/promises';
import { Queues } from '../../src/workers/queues.ts';
import { call } from '../clients/http.ts';
import type { SentTurn } from '../clients/load.ts';
import { log, type Services } from './services.ts';

const POLL_MS = 250;
const DEADLINE_MS = 120_000;
const OUTBOX = { name: 'bench-outbox', sql: 'select count(*) as events from outbox' };

/** The last sequence number of each user. */
export function lastSeqs(turns: readonly SentTurn[]): Map<string, number> {
  const last = new Map<string, number>();
  for (const { user, seq } of turns) last.set(user, Math.max(last.get(user) ?? 0, seq ?? 0));
  return last;
}

/** Repeats `remaining` until it returns null. @throws with what remains, if that takes too long */
export async function untilNothing(remaining: () => Promise<string | null>, deadlineMs = DEADLINE_MS): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const what = await remaining();
    if (what === null) return;
    if (performance.now() > deadline) throw new Error(`after ${deadlineMs / 1000} s there is still work: ${what}`);
    await sleep(POLL_MS);
  }
}

/** Resolves when the outbox and the queues are empty, and the summary of each user covers the last turn.
 *  @throws if that takes too long */
export async function settled(
  services: Pick<Services, 'database' | 'redis'>,
  url: string,
  turns: readonly SentTurn[],
): Promise<void> {
  const queues = new Queues(services.redis, log);
  const uncovered = lastSeqs(turns);
  await untilNothing(async () => {
    const [outbox] = await services.database.rows<{ events: number }>(OUTBOX, []);
    if (outbox!.events > 0) return `${outbox!.events} events in the outbox`;
    for (const [name, { waiting, active, delayed }] of Object.entries(await queues.counts()))
      if (waiting + active + delayed > 0) return `${waiting + active + delayed} jobs in ${name}`;
    for (const [user, seq] of uncovered) {
      const memory = await call<{ through_seq: number }>('GET', `${url}/memories/${user}`, 200);
      if (memory.through_seq < seq) return `the summary of ${user}`;
      uncovered.delete(user);
    }
    return null;
  });
  await queues.close();
}
