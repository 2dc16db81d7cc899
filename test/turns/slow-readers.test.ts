import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test, { type ExecutionContext } from 'ava';
import { startApp } from '../support/app.ts';
import { chat } from '../support/client.ts';
import { read } from '../support/sse.ts';

const READERS = 200;
/** Some 500 kB of text on the wire, in 300 pieces. */
const REPLY = Array.from({ length: 300 }, (_, number) => `${number}`.padEnd(600, '漢')).join(' ');

/** Bytes in use, without garbage. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Asks for the events and never reads an answer. */
function neverReads(t: ExecutionContext, url: string, turnId: string): Promise<Socket> {
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

test('readers who never read do not delay the others', async (t) => {
  const { url, model } = await startApp(t);
  model.script((call) => (call.kind === 'chat' ? { text: REPLY, trickleMs: 5, delayMs: 1_000 } : {}));
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'hello' });
  await Promise.all(Array.from({ length: READERS }, () => neverReads(t, url, turnId)));
  const before = bytesInUse();
  const begun = performance.now();
  let grown: number | undefined;
  const reading = await read(url, turnId, undefined, ({ text }) => {
    // Not later: with the final turn each of them holds that one event, and in it the whole reply.
    if (text.length > REPLY.length * 0.95) grown ??= (bytesInUse() - before) / 2 ** 20;
    return false;
  });
  const took = performance.now() - begun;
  t.is(reading.text, REPLY);
  t.true(took < 20_000, `${took} ms`);
  // What they did not take would be some 100 MiB. Told and not asserted: how much of it the sockets' own buffers take
  // differs from run to run, and with the machine's load.
  t.log(`${grown?.toFixed(1)} MiB, ${took.toFixed(0)} ms`);
});
