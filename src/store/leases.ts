// Named leases: rows that one process holds at a time. The table is created outside the migrations, because migrating
// takes a lease too.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { newId } from '../domain/ids.ts';

const TTL_S = 6;
const RENEW_MS = 2_000;
const WAIT_MS = 300;

const CREATE = `create table if not exists leases (name text primary key, owner text not null, held_until timestamptz not null)`;
const TAKE = `insert into leases (name, owner, held_until) values (?, ?, now() + ?::float8 * interval '1 second')
              on conflict (name) do update set owner = excluded.owner, held_until = excluded.held_until
              where leases.owner = excluded.owner or leases.held_until < now() returning owner`;
const RELEASE = 'delete from leases where name = ? and owner = ?';

export interface Lease {
  release(): Promise<void>;
}

/** If two processes create the table at the same time, one of them fails and finds the table at its second try. */
async function ensureTable(builder: Knex): Promise<void> {
  try {
    await builder.raw(CREATE);
  } catch {
    await builder.raw(CREATE);
  }
}

async function take(builder: Knex, name: string, owner: string): Promise<boolean> {
  const { rows } = await builder.raw<{ rows: unknown[] }>(TAKE, [name, owner, TTL_S]);
  return rows.length === 1;
}

interface TakeOptions {
  /** Milliseconds to wait until another process releases the lease or dies. */
  readonly waitMs: number;
  /** Called once if the lease is lost while it is held: another process may hold it now. */
  readonly lost: () => void;
}

/** Takes the lease and renews it until it is released; null: another process still holds it after `waitMs`. */
export async function takeLease(builder: Knex, name: string, { waitMs, lost }: TakeOptions): Promise<Lease | null> {
  const owner = newId();
  await ensureTable(builder);
  for (const deadline = performance.now() + waitMs; !(await take(builder, name, owner));) {
    if (performance.now() > deadline) return null;
    await sleep(WAIT_MS);
  }
  const timer = setInterval(() => {
    take(builder, name, owner).then(
      (kept) => {
        if (kept) return;
        clearInterval(timer);
        lost();
      },
      // The database is unavailable, for all processes or for this one. The next renewal shows who holds the lease.
      () => {},
    );
  }, RENEW_MS);
  return {
    async release() {
      clearInterval(timer);
      await builder.raw(RELEASE, [name, owner]);
    },
  };
}
