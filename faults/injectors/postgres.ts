// Faults of PostgreSQL: ended, frozen, locked, read-only, out of connections, serialisation failures.
import type pg from 'pg';
import { connected, withDatabase } from '../system/database.ts';
import { fill, free, whyNoSmallDisk } from '../system/small-disk.ts';
import { BOTH, type Injected, type Kind, type Strike } from './kind.ts';

const POSTGRES = { runtimes: BOTH, group: 'postgres' } as const;

const urlOf = ({ system }: Strike): string => system.base.postgres.url;

const run = (strike: Strike, sql: string) => withDatabase(urlOf(strike), (client) => client.query(sql));

/** Holds what the statement locks until the fault is healed. */
async function hold(strike: Strike, sql: string): Promise<Injected> {
  const client = await connected(urlOf(strike));
  await client.query('begin');
  await client.query(sql);
  return { heal: () => client.end() };
}

const SERIALISATION = `create or replace function faults_40001() returns trigger language plpgsql as $$
  begin if random() < 0.2 then raise exception 'injected' using errcode = '40001'; end if; return null; end $$;
  create or replace trigger faults_40001 before update on turns for each statement execute function faults_40001()`;

export const POSTGRES_KINDS: readonly Kind[] = [
  {
    ...POSTGRES,
    name: 'postgres-restarted',
    rows: [5, 25],
    seconds: 1,
    async inject({ system }) {
      await system.base.postgres.restart('SIGQUIT', 2_000);
      return { heal: () => {} };
    },
  },
  {
    ...POSTGRES,
    name: 'postgres-down',
    rows: [5, 25],
    seconds: 1,
    async inject({ system }) {
      await system.base.postgres.restart('SIGQUIT', 13_000);
      return { heal: () => {} };
    },
  },
  {
    ...POSTGRES,
    name: 'postgres-frozen',
    rows: [5, 33, 42],
    seconds: 18,
    inject({ system }) {
      const { postgres } = system.base;
      postgres.signalAll('SIGSTOP');
      return { heal: () => postgres.signalAll('SIGCONT') };
    },
  },
  {
    ...POSTGRES,
    name: 'backends-terminated',
    rows: [5, 18],
    seconds: 2,
    async inject(strike) {
      await run(strike, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'turnkeeper'");
      return { heal: () => {} };
    },
  },
  {
    ...POSTGRES,
    name: 'turns-locked',
    rows: [29],
    seconds: 12,
    inject: (strike) => hold(strike, 'lock table turns in access exclusive mode'),
  },
  {
    ...POSTGRES,
    name: 'actor-state-locked',
    rows: [18, 29],
    seconds: 20,
    inject: (strike) =>
      hold(
        strike,
        `lock table ${strike.system.runtime === 'dapr' ? 'dapr_state' : 'actor_state'} in access exclusive mode`,
      ),
  },
  {
    ...POSTGRES,
    name: 'row-locked',
    rows: [29],
    seconds: 14,
    inject: (strike) => hold(strike, "select 1 from turns where status = 'running' limit 1 for update skip locked"),
  },
  {
    ...POSTGRES,
    name: 'read-only',
    rows: [5],
    seconds: 8,
    async inject(strike) {
      await run(strike, 'alter system set default_transaction_read_only = on');
      await run(strike, 'select pg_reload_conf()');
      return {
        async heal() {
          const client = await connected(urlOf(strike));
          await client.query('set default_transaction_read_only = off');
          await client.query('alter system reset default_transaction_read_only');
          await client.query('select pg_reload_conf()');
          await client.end();
        },
      };
    },
  },
  {
    ...POSTGRES,
    name: 'connections-exhausted',
    rows: [5],
    seconds: 6,
    async inject(strike) {
      const clients: pg.Client[] = [];
      for (let isOpen = true; isOpen;)
        isOpen = await connected(urlOf(strike)).then(
          (each) => clients.push(each) > 0,
          () => false,
        );
      // Connections that turnkeeper has lost cannot be opened again.
      await clients[0]!.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'turnkeeper' and pid % 2 = 0",
      );
      return {
        detail: `${clients.length} connections`,
        heal: async () => void (await Promise.all(clients.map((each) => each.end()))),
      };
    },
  },
  {
    ...POSTGRES,
    name: 'serialisation-failures',
    rows: [25],
    seconds: 5,
    async inject(strike) {
      await run(strike, SERIALISATION);
      return { heal: () => run(strike, 'drop trigger if exists faults_40001 on turns') };
    },
  },
  {
    ...POSTGRES,
    name: 'disk-full',
    rows: [5, 41],
    seconds: 6,
    needs: 'small disk',
    missing: whyNoSmallDisk,
    inject({ system }) {
      const { dataDir, postgres } = system.base;
      fill(dataDir);
      const heal = async () => {
        free(dataDir);
        await postgres.startIfEnded();
      };
      return { heal };
    },
  },
];
