// Workers that are killed at each point of a call. The kill run of `npm run faults` (row 46) kills them at random, for
// 500 turns on both actor runtimes.
import { createServer, type AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { pidsByPort } from '../../faults/system/owner.ts';
import { assistantsFile } from '../support/assistants.ts';
import { call, chat, eventually, waitForTurn } from '../support/client.ts';
import { startScriptedModel, type ModelCall, type ModelScript } from '../support/model.ts';
import type { Owner } from '../support/owner.ts';
import { isAlive } from '../support/process.ts';
import { freshDatabase } from '../support/services.ts';
import { startTwoWorkers } from '../support/two-workers.ts';
import {
  afterDecision,
  decideOn,
  reviewOf,
  shop,
  startToolServer,
  statuses,
  toolsAt,
  turnOf,
  type ToolTurn,
} from './turn-support.ts';

/** The only call of each message. */
const TOOL_OF: Readonly<Record<string, string>> = {
  'before it arrives': 'late',
  'while a once call runs': 'charge',
  'while an idempotent call runs': 'set_note',
  'after its result': 'charge',
  'after its approval': 'refund',
};
const AFTER_RESULT = 'after its result';

/** Asks for the call of the message with the number of the model call in its arguments, so no two answers are alike. */
function scriptOf({ lastUserMessage: text, messages, number }: ModelCall): ModelScript {
  const results = messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
  if (results.length === 0) return { calls: [{ name: TOOL_OF[text]!, arguments: { order: `${text} ${number}` } }] };
  return { text: `done: ${results.join()}` };
}

/** Accepts connections, and reads nothing from them. Returns the ports of those who connected. */
async function startDeafServer(t: Owner): Promise<{ url: string; ports: number[] }> {
  const ports: number[] = [];
  const server = createServer((socket) => {
    ports.push(socket.pause().remotePort!);
    socket.on('error', () => {});
    t.teardown(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ports };
}

const LOCK = 46;

/** Holds back every statement that starts a call of `refund`, until `release` ends it without a commit. */
async function holdStarts(t: Owner, databaseUrl: string) {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  t.teardown(() => client.end());
  await client.query(`create function hold_start() returns trigger language plpgsql as
    $$ begin perform pg_advisory_xact_lock_shared(${LOCK}); return new; end $$`);
  await client.query(`create trigger hold_start before update on turn_steps for each row
    when (new.tool = 'refund' and new.status = 'running') execute function hold_start()`);
  await client.query(`select pg_advisory_lock(${LOCK})`);
  const held = async () =>
    (
      await client.query<{ pid: number; port: number }>(
        `select pid, client_port as port from pg_stat_activity where wait_event_type = 'Lock' and wait_event = 'advisory'`,
      )
    ).rows;
  const release = async () => {
    for (const { pid } of await held()) await client.query('select pg_terminate_backend($1)', [pid]);
    await client.query(`select pg_advisory_unlock(${LOCK})`);
  };
  return { held, release };
}

const parked = async (url: string, { turn_id: id }: ToolTurn): Promise<ToolTurn> =>
  (await waitForTurn(url, id)) as ToolTurn;

async function killHolders(t: ExecutionContext, children: readonly number[], ports: readonly number[]) {
  const pids = pidsByPort(children);
  const holders = new Set(ports.map((port) => pids.get(port)));
  t.false(holders.has(undefined), 'every call belongs to a worker');
  for (const pid of holders) process.kill(pid!, 'SIGKILL');
  await eventually('the workers are dead', async () => ![...holders].some((pid) => isAlive(pid!)));
}

test('after a kill at any point of a call, the turn continues from its journal, and only what may repeat repeats', async (t) => {
  t.timeout(90_000);
  const { url: databaseUrl } = await freshDatabase(t);
  const [deaf, server] = [await startDeafServer(t), await startToolServer(t)];
  const hung: number[] = [];
  const model = await startScriptedModel(t, (one) => {
    const isFirst = one.attempt === 2 && one.lastUserMessage === AFTER_RESULT;
    if (isFirst) hung.push(one.port);
    return isFirst ? { hang: true } : scriptOf(one);
  });
  const late = { ...toolsAt(deaf.url).charge, timeout_s: 60 };
  const tools = Object.entries(toolsAt(server.url)).map(([name, tool]) => [name, { ...tool, timeout_s: 60 }]);
  const file = assistantsFile(t, shop({ ...Object.fromEntries(tools), late }));
  const { url, children } = await startTwoWorkers(t, model, databaseUrl, {
    LEASE_S: '2',
    ASSISTANTS: file.path,
    TOOLS_ALLOW_PRIVATE: 'yes',
  });
  const starts = await holdStarts(t, databaseUrl);
  let isKilled = false;
  // Calls that run are not answered before the kill.
  server.answer((response, { arguments: { order } }) => {
    if (isKilled || !String(order).startsWith('while')) response.end(`receipt of ${String(order)}`);
  });

  const turns = new Map<string, ToolTurn>();
  for (const text of Object.keys(TOOL_OF))
    turns.set(text, (await chat(url, { user_id: text.replaceAll(' ', '-'), text })) as ToolTurn);
  const [unsent, once, repeated, recorded, approved] = [...turns.values()] as [
    ToolTurn,
    ToolTurn,
    ToolTurn,
    ToolTurn,
    ToolTurn,
  ];
  const shown = await reviewOf(url, await parked(url, approved));
  t.is((await decideOn(url, await turnOf(url, approved.turn_id), { decision: 'approve' })).status, 200);
  const running = () => server.ledger.filter(({ arguments: { order } }) => String(order).startsWith('while'));
  const held = await eventually('every call is at its point', async () => {
    const starting = await starts.held();
    const isThere = deaf.ports.length === 1 && running().length === 2 && hung.length === 1 && starting.length === 1;
    return isThere && [...deaf.ports, ...hung, ...[...running(), ...starting].map(({ port }) => port)];
  });
  await killHolders(t, children, held);
  isKilled = true;
  await starts.release();
  // Connections to the killed processes break.
  await eventually('the instance answers', () =>
    call(url, '/livez').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );

  // Nobody knows whether a once call that had started was carried out: a person decides.
  for (const [turn, tool] of [
    [unsent, 'late'],
    [once, 'charge'],
  ] as const) {
    const waiting = await parked(url, turn);
    t.deepEqual([waiting.status, statuses(waiting)], ['awaiting_review', [`${tool} unknown`]]);
    t.is((await reviewOf(url, waiting)).kind, 'tool_outcome');
  }
  t.is(server.ledger.filter(({ turn_id: id }) => id === once.turn_id).length, 1);
  await decideOn(url, await turnOf(url, unsent.turn_id), { decision: 'reject' });
  await decideOn(url, await turnOf(url, once.turn_id), { decision: 'retry' });
  const ended = await Promise.all(
    [...turns.values()].map(async (turn) => afterDecision(url, { ...turn, review: null })),
  );
  t.deepEqual(
    ended.map(({ status }) => status),
    Array(5).fill('completed'),
  );
  t.deepEqual(ended.flatMap(statuses), ['late failed', 'charge done', 'set_note done', 'charge done', 'refund done']);
  t.is(deaf.ports.length, 1);
  const arrivals = ({ turn_id: of }: ToolTurn) => server.ledger.filter(({ turn_id: id }) => id === of);
  t.deepEqual(
    [once, repeated, recorded, approved].map((turn) => arrivals(turn).length),
    [2, 2, 1, 1],
  );
  for (const turn of [once, repeated]) {
    const [first, again] = arrivals(turn);
    t.deepEqual([again!.key, again!.body], [`${turn.turn_id}:1`, first!.body]);
  }
  t.deepEqual(arrivals(approved)[0]!.arguments, shown.tool_call!.arguments);
  for (const { text, reply, steps } of ended)
    t.true(text === 'before it arrives' || reply!.includes(String(steps[0]!.result)), `${text}: ${reply}`);
  // The answer that asked for the call is in the journal: it is never paid twice.
  for (const text of turns.keys()) t.is(model.count(text), text === AFTER_RESULT ? 3 : 2, text);
});
