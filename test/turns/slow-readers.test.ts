import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test, { type ExecutionContext } from 'ava';
import { startApp } from '../support/app.ts';
import { chat } from '../support/client.ts';
import { read } from '../support/sse.ts';

const READERS = 200;
/** About 500 kB of text on the wire, in 300 words. */
const REPLY = Array.from({ length: 300 }, (_, number) => `${number}`.padEnd(600, '漢')).join(' ');

/** Returns the bytes in use after a garbage collection. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Requests the events of a turn and never reads the response. */
function openStalledReader(t: ExecutionContext, url: string, turnId: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.pause();
      socket.write(`GET /turns/${turnId}/events HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`, () => resolve(socket));
    });
    t.teardown(() => socket.destroy());
  });
}

test('readers that never read do not delay other readers', async (t) => {
  const { url, model } = await startApp(t);
  model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs: 5, delayMs: 1_000 } : {}));
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
  await Promise.all(Array.from({ length: READERS }, () => openStalledReader(t, url, turnId)));
  const before = bytesInUse();
  const startedAt = performance.now();
  let growthMib: number | undefined;
  const reading = await read(url, turnId, undefined, ({ text }) => {
    // Measured before the final turn: after it each stalled reader holds that event, which contains the whole reply.
    if (text.length > REPLY.length * 0.95) growthMib ??= (bytesInUse() - before) / 2 ** 20;
    return false;
  });
  const took = performance.now() - startedAt;
  t.is(reading.text, REPLY);
  t.true(took < 20_000, `${took} ms`);
  // Buffering everything for the stalled readers would take about 100 MiB. The growth is logged and not asserted: the
  // share that the socket buffers take varies between runs and with the machine's load.
  t.log(`${growthMib?.toFixed(1)} MiB, ${took.toFixed(0)} ms`);
});
