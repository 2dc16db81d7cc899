// Everything by which PostgreSQL says that it cannot work now means: 503, and the request may be repeated.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { Owner } from '../support/owner.ts';
import { startApp } from '../support/app.ts';
import { call, chat, eventually, waitForTurn, type Call, type TurnJson } from '../support/client.ts';
import { freshDatabase, onPostgres, startPostgresServer } from '../support/services.ts';
import { park } from '../reviews/support.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function open(t: Owner, url: string): Promise<Client> {
  const client = new Client(url);
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

/** Puts views in the place of all tables. Reading one fails with the error code that `fails` sets; null: it works. */
async function failingTables(t: Owner, url: string) {
  const admin = await open(t, url);
  const { rows } = await admin.query<{ name: string }>(
    `select tablename as name from pg_tables
     where schemaname = 'public' and tablename not like 'knex%' and tablename <> 'leases'`,
  );
  await admin.query(`
    create table failure (code text);
    create function works() returns boolean language plpgsql stable as $$
    declare failing text;
    begin
      select code into failing from failure;
      if failing is not null then raise exception 'no' using errcode = failing; end if;
      return true;
    end $$`);
  const views = rows.map(
    ({ name }) => `alter table ${name} rename to stored_${name};
                   create view ${name} as select * from stored_${name} where works();`,
  );
  await admin.query(views.join('\n'));
  return {
    async fails(code: string) {
      await admin.query('delete from failure');
      await admin.query('insert into failure values ($1)', [code]);
    },
    restore: () =>
      admin.query(
        rows.map(({ name }) => `drop view ${name}; alter table stored_${name} rename to ${name};`).join('\n'),
      ),
  };
}

const CODES = ['25006', '53100', '53200', '53300', '55P03', '57014', '57P01', '57P02', '57P03', '58030', '08006'];

onPostgres('every operation is answered 503 for every error of this kind, and works afterwards', async (t) => {
  const { url: databaseUrl } = await freshDatabase(t);
  const { url } = await startApp(t, { databaseUrl, settings: { REVIEW_KEYWORDS: 'help' } });
  const { turn_id: turnId, session_id: sessionId, review } = await park(url, 'ann', 'help');
  const post = (body: object): Call => ({ body });
  const operations: readonly (readonly [string, Call])[] = [
    ['/chat', post({ user_id: 'ben', text: 'Hi' })],
    ['/chat', post({ user_id: 'ben', text: 'Hi', on_busy: 'reject' })],
    ['/v1/chat/completions', post({ model: 'turnkeeper', user: 'ben', messages: [{ role: 'user', content: 'Hi' }] })],
    ['/v1/responses', post({ model: 'turnkeeper', user: 'ben', input: 'Hi', background: true })],
    [`/v1/responses/resp_${turnId}`, {}],
    [`/turns/${turnId}`, {}],
    [`/turns/${turnId}?wait=1`, {}],
    [`/turns/${turnId}/events`, {}],
    [`/turns/${turnId}/cancel`, { method: 'POST' }],
    [`/turns/${turnId}/retry`, { method: 'POST' }],
    ['/users/ann/turns', {}],
    [`/conversations/${sessionId}`, {}],
    ['/users/ann/conversations', {}],
    ['/users/ann/export', {}],
    ['/users/ann', { method: 'DELETE' }],
    ['/memories/ann', {}],
    ['/memories/ann', { method: 'PATCH', body: { name: 'Ann' } }],
    ['/analytics/ann', {}],
    ['/analytics', {}],
    ['/reviews', {}],
    [`/reviews/${review!.review_id}`, {}],
    [`/reviews/${review!.review_id}/claim`, { method: 'POST' }],
    [`/reviews/${review!.review_id}/decision`, post({ decision: 'approve' })],
    ['/webhooks', {}],
    ['/admin/overview', {}],
  ];
  const tables = await failingTables(t, databaseUrl);
  for (const [index, code] of CODES.entries()) {
    await tables.fails(code);
    // Every operation with the first code, one read and one write with the others.
    const some =
      index === 0 ? operations : operations.filter(([path]) => path === '/chat' || path === '/users/ann/turns');
    for (const [path, request] of some) {
      const what = `${code} ${request.method ?? (request.body ? 'POST' : 'GET')} ${path}`;
      const { status, headers, body } = await call<{ code?: string; error?: { code: string } }>(url, path, request);
      t.is(status, 503, what);
      t.truthy(headers.get('retry-after'), what);
      // With other codes the server may have ended the connection after it had done the work.
      if (index === 0) t.regex(body.code ?? body.error!.code, /^(database|actors)_unavailable$/, what);
    }
  }
  await tables.restore();
  const { turn_id: next } = await chat(url, { user_id: 'ben', text: 'Hi' });
  t.is((await waitForTurn(url, next)).status, 'completed');
});

/** Seconds for which the database only reads. */
const READ_ONLY_MS = 5_000;

onPostgres('while the database only reads, no reply that was paid for is lost', async (t) => {
  const postgres = await startPostgresServer(t);
  // The claims of the turns outlast this outage.
  const { url, model } = await startApp(t, { databaseUrl: postgres.url, settings: { LEASE_S: '30' } });
  model.script(() => ({ delayMs: 500 }));
  const admin = await open(t, postgres.url);
  const readOnly = async (value: 'on' | 'off') => {
    await admin.query(`alter system set default_transaction_read_only = ${value}`);
    await admin.query('select pg_reload_conf()');
  };
  let refused = 0;
  const send = async (number: number): Promise<string> => {
    const request = {
      body: { user_id: `user-${number % 10}`, text: `message ${number}` },
      headers: { 'idempotency-key': randomUUID() },
    };
    for (;;) {
      const { status, body, headers } = await call<TurnJson & { code: string }>(url, '/chat', request);
      if (status === 202 || status === 200) return body.turn_id;
      t.deepEqual([status, body.code], [503, 'database_unavailable']);
      t.truthy(headers.get('retry-after'));
      refused += 1;
      await sleep(500);
    }
  };
  const sends: Promise<string>[] = [];
  const started = performance.now();
  const at = (ms: number) => eventually('', async () => performance.now() - started > ms);
  const switching = at(1_000)
    .then(() => readOnly('on'))
    .then(() => at(1_000 + READ_ONLY_MS))
    .then(() => readOnly('off'));
  for (let number = 0; performance.now() - started < READ_ONLY_MS + 1_500; number += 1) {
    sends.push(send(number));
    await sleep(50);
  }
  await switching;
  const turns = await Promise.all((await Promise.all(sends)).map((turnId) => waitForTurn(url, turnId)));
  t.true(refused > 0);
  t.true(turns.every(({ status, attempts }) => status === 'completed' && attempts === 1));
  t.is(model.chatCalls.length, turns.length);
  t.log(`${turns.length} turns, ${model.chatCalls.length} model calls, ${refused} requests were refused`);
});
