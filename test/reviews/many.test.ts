// 10,000 turns that await review are 10,000 rows: they use almost no memory of the process, block no other turn, and
// can be decided concurrently.
import test from 'ava';
import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { SCRIPTED_MODEL, startScriptedModel } from '../support/model.ts';
import { startProcess, type AppProcess } from '../support/process.ts';
import { freshDatabase, redisUrl } from '../support/services.ts';
import { decide, type ReviewJson } from './support.ts';

const TURNS = 10_000;
/** After this number of turns code is compiled and connections are open. */
const WARM_UP = 1_000;
const CONCURRENCY = 64;
const MIB = 2 ** 20;
const MOST_MIB = 50;
const FIRST_PAGE_MS = 50;

async function each<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let index = next++; index < items.length; index = next++) await work(items[index]!, index);
    }),
  );
}

const usersOf = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}-${n}`);

/** Parks one turn of each user through the whole path: accept, claim, model call over HTTP, screening, park. */
async function parkAll(url: string, users: readonly string[], database: Client): Promise<void> {
  await each(users, async (user) => void (await chat(url, { user_id: user, text: 'this is urgent' })));
  await eventually(
    'all are parked',
    async () => {
      const { rows } = await database.query(`select 1 from turns where status in ('queued', 'running') limit 1`);
      return rows.length === 0;
    },
    300_000,
  );
}

/** Returns the memory in use and the resident memory of the process, in MiB, after a garbage collection. */
async function memoryOf({ pid, url }: AppProcess): Promise<{ held: number; resident: number }> {
  for (let n = 0; n < 3; n += 1) {
    process.kill(pid, 'SIGWINCH');
    await sleep(500);
  }
  const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)![1]) / MIB;
  const held = value('nodejs_heap_size_used_bytes') + value('nodejs_external_memory_bytes');
  return { held, resident: value('process_resident_memory_bytes') };
}

async function allPending(url: string): Promise<ReviewJson[]> {
  const all: ReviewJson[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { body: { items: ReviewJson[]; next_cursor: string | null } } = await call(
      url,
      `/reviews?status=pending&limit=100${cursor && `&cursor=${cursor}`}`,
    );
    all.push(...page.body.items);
    cursor = page.body.next_cursor;
  }
  return all;
}

const since = (startedAt: number): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;

test('10,000 parked turns use little memory, block no turn, and are each decided once', async (t) => {
  t.timeout(600_000);
  const model = await startScriptedModel(t);
  const { url: databaseUrl } = await freshDatabase(t);
  const turnkeeper = await startProcess(t, {
    args: ['--expose-gc', '--import', './test/support/gc-on-signal.ts', 'src/main.ts', '--migrate'],
    env: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: await redisUrl(t),
      ACTOR_RUNTIME: 'embedded',
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: SCRIPTED_MODEL,
      MEMORY_DEBOUNCE_MS: '3600000',
    },
  });
  const { url } = turnkeeper;
  const database = new Client(databaseUrl);
  await database.connect();
  t.teardown(() => database.end());
  await parkAll(url, usersOf('warm', WARM_UP), database);
  const before = await memoryOf(turnkeeper);
  let startedAt = performance.now();
  await parkAll(url, usersOf('user', TURNS), database);
  t.is(model.chatCalls.length, WARM_UP + TURNS);
  t.log(`${TURNS} parked in ${since(startedAt)}`);

  const after = await memoryOf(turnkeeper);
  const [held, resident] = [after.held - before.held, after.resident - before.resident];
  t.log(`grown by ${held.toFixed(1)} MiB held, ${resident.toFixed(1)} MiB resident`);
  t.true(held < MOST_MIB, `${held} MiB`);
  t.true(resident < MOST_MIB, `${resident} MiB`);
  t.is(
    (await waitForTurn(url, (await chat(url, { user_id: 'user-7', text: 'and now?' })).turn_id)).status,
    'completed',
  );

  const durations: number[] = [];
  for (let n = 0; n < 21; n += 1) {
    const requestedAt = performance.now();
    const { body } = await call<{ items: unknown[] }>(url, '/reviews?status=pending');
    durations.push(performance.now() - requestedAt);
    t.is(body.items.length, 50);
  }
  const median = durations.toSorted((a, b) => a - b)[10]!;
  t.log(`first page: median of 21 requests ${median.toFixed(1)} ms`);
  t.true(median < FIRST_PAGE_MS, `${median} ms`);

  const all = await allPending(url);
  t.is(all.length, WARM_UP + TURNS);
  t.is(new Set(all.map(({ review_id: id }) => id)).size, WARM_UP + TURNS);

  const decisions = ['approve', 'edit', 'reject'] as const;
  const decisionOf = (n: number) => decisions[n % 3]!;
  const statuses = new Map<number, number>();
  startedAt = performance.now();
  await each(all, async ({ review_id: id }, n) => {
    const body = { decision: decisionOf(n), ...(decisionOf(n) === 'edit' && { reply: `edited ${n}` }) };
    // Two reviewers decide every 20th review at the same time.
    const answers = await Promise.all(Array.from({ length: n % 20 === 0 ? 2 : 1 }, () => decide(url, id, body)));
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  });
  t.log(`decided in ${since(startedAt)}: ${JSON.stringify(Object.fromEntries(statuses))}`);
  t.deepEqual(
    [...statuses.keys()].filter((status) => status !== 200 && status !== 202),
    [],
  );
  await eventually(
    'no pending review is left',
    async () => (await call<{ items: unknown[] }>(url, '/reviews?status=pending')).body.items.length === 0,
    60_000,
  );

  const { rows } = await database.query<{ turn_id: string; content: string }>(
    `select turn_id, content from conversation_rows where content <> 'and now?' and content <> 'echo: and now?' order by ordinal`,
  );
  const delivered = Map.groupBy(rows, ({ turn_id: turnId }) => turnId);
  const wrong = all.filter(({ turn_id: turnId }, n) => {
    const reply = { approve: 'echo: this is urgent', edit: `edited ${n}`, reject: null }[decisionOf(n)];
    const expected = reply === null ? [] : ['this is urgent', reply];
    return JSON.stringify((delivered.get(turnId) ?? []).map(({ content }) => content)) !== JSON.stringify(expected);
  });
  t.deepEqual(wrong, [], 'each decided reply is delivered once');
  const rejected = all.filter((_, n) => decisionOf(n) === 'reject').length;
  const counted = await eventually(
    'all counted',
    async () => {
      const { body } = await call<{ items: { by_status: Record<string, number>; reviewed: number }[] }>(
        url,
        '/analytics',
      );
      const sum = (of: (day: (typeof body.items)[number]) => number) => body.items.reduce((n, day) => n + of(day), 0);
      const found = {
        completed: sum((day) => day.by_status['completed'] ?? 0),
        rejected: sum((day) => day.by_status['rejected'] ?? 0),
        reviewed: sum((day) => day.reviewed),
      };
      return found.completed + found.rejected === all.length + 1 && found;
    },
    60_000,
  );
  t.deepEqual(counted, { completed: all.length + 1 - rejected, rejected, reviewed: all.length });
});
