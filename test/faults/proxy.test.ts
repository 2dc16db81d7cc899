// The proxy of the fault campaign, and what it knows of PostgreSQL's protocol.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { Link } from '../../faults/system/proxy.ts';
import { freshDatabase, onPostgres } from '../support/services.ts';

async function echoOver(t: ExecutionContext): Promise<{ link: Link; open: () => Promise<Socket> }> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const link = await Link.open({ from: 'test', to: 'echo', targetPort: (server.address() as AddressInfo).port });
  t.teardown(() => link.close());
  const open = async () => {
    const socket = connect({ port: link.port, host: '127.0.0.1' });
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { link, open };
}

/** What comes back within the time; null: nothing. */
async function echoed(socket: Socket, text: string, ms: number): Promise<string | null> {
  const received = once(socket, 'data', { signal: AbortSignal.timeout(ms) });
  if (text !== '') socket.write(text);
  return received.then(
    ([bytes]) => String(bytes),
    () => null,
  );
}

test('bytes pass, wait while they are held, and pass again', async (t) => {
  const { link, open } = await echoOver(t);
  const socket = await open();
  t.is(await echoed(socket, 'a', 1_000), 'a');
  for (const flows of [{ up: { kind: 'held' } }, { down: { kind: 'held' } }] as const) {
    link.shape(flows);
    t.is(await echoed(socket, 'b', 100), null);
    const healed = echoed(socket, '', 1_000);
    link.heal();
    t.is(await healed, 'b');
  }
});

test('a cut resets open connections and refuses new ones until it is healed', async (t) => {
  const { link, open } = await echoOver(t);
  const socket = await open();
  await echoed(socket, 'a', 1_000);
  link.cut();
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  t.is(error.code, 'ECONNRESET');
  const refused = connect({ port: link.port, host: '127.0.0.1' });
  await once(refused, 'error');
  link.heal();
  t.is(await echoed(await open(), 'b', 1_000), 'b');
});

test('a half-open connection stays silent, and a new one works', async (t) => {
  const { link, open } = await echoOver(t);
  const socket = await open();
  await echoed(socket, 'a', 1_000);
  t.is(link.halfOpen(3), 1);
  t.is(await echoed(socket, 'b', 100), null);
  link.heal();
  t.is(await echoed(socket, 'c', 100), null);
  t.is(await echoed(await open(), 'd', 1_000), 'd');
});

test('bytes are delayed, and trickle', async (t) => {
  const { link, open } = await echoOver(t);
  const socket = await open();
  link.shape({ up: { kind: 'delayed', ms: 100 } });
  t.is(await echoed(socket, 'a', 60), null);
  t.is(await echoed(socket, '', 1_000), 'a');
  link.shape({ up: { kind: 'trickle', bytesPerSecond: 20 } });
  t.is(await echoed(socket, 'bc', 1_000), 'b');
});

onPostgres('the answer to a commit is dropped, and the change is there', async (t) => {
  const { url } = await freshDatabase(t);
  const link = await Link.open({ from: 'test', to: 'postgres', targetPort: Number(new URL(url).port) });
  t.teardown(() => link.close());
  const through = new URL(url);
  through.port = String(link.port);
  const open = async (address: string) => {
    const client = new pg.Client(address);
    client.on('error', () => {});
    await client.connect();
    t.teardown(() => client.end().catch(() => {}));
    return client;
  };
  const observer = await open(url);
  await observer.query('create table t (n int)');
  const write = { name: 'write', text: 'insert into t values ($1)' };

  const client = await open(through.href);
  link.dropAnswers(1);
  await client.query('select 1');
  await client.query('begin');
  await client.query(write.text, [1]);
  await t.throwsAsync(client.query('commit'));
  const second = await open(through.href);
  await second.query({ ...write, values: [2] });
  link.dropAnswers(1);
  await t.throwsAsync(second.query({ ...write, values: [3] }));
  t.deepEqual(link.dropped, ['commit', 'write']);
  await sleep(50);
  t.deepEqual((await observer.query<{ n: number }>('select n from t order by n')).rows, [{ n: 1 }, { n: 2 }, { n: 3 }]);
});
