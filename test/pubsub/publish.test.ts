// The responses that daprd can give to publish calls, from a fake server.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { daprPublisher } from '../../src/dapr/publish.ts';
import type { Owner } from '../support/owner.ts';

interface Entry {
  readonly entryId: string;
  readonly contentType: string;
  readonly event: { id: string; text: string };
}
type Script = (entries: readonly Entry[], call: { readonly bulk: boolean }) => Answer | 'hang';
interface Answer {
  readonly status: number;
  readonly body?: unknown;
}
/** A call of an API that daprd does not know counts as a service invocation without an app id. */
const NO_BULK: Answer = { status: 404, body: { errorCode: 'ERR_DIRECT_INVOKE' } };

async function startServer(t: Owner, script: Script) {
  const calls: { url: string; token: unknown; entries: Entry[]; bytes: number }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const bulk = request.url!.includes('/bulk/');
      const parsed = JSON.parse(body.toString()) as unknown;
      const entries = (bulk ? parsed : [{ event: parsed, contentType: request.headers['content-type'] }]) as Entry[];
      calls.push({ url: request.url!, token: request.headers['dapr-api-token'], entries, bytes: body.length });
      const answer = script(entries, { bulk });
      if (answer === 'hang') return;
      response.writeHead(answer.status).end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const publish = daprPublisher({ httpPort: (server.address() as AddressInfo).port, apiToken: 'secret' });
  return { calls, publish };
}

const events = (count: number, length = 10) =>
  Array.from({ length: count }, (_, n) => ({ id: `id-${n}`, text: 'x'.repeat(length) }));

test('all events go in one call, with the token, as CloudEvents that daprd does not change', async (t) => {
  const { calls, publish } = await startServer(t, () => ({ status: 204 }));
  const batch = events(3);
  const { published, refused, fault } = await publish('messages', batch);
  t.deepEqual([[...published], [...refused], fault], [['id-0', 'id-1', 'id-2'], [], null]);
  t.is(calls.length, 1);
  t.like(calls[0], { url: '/v1.0-alpha1/publish/bulk/pubsub/messages', token: 'secret' });
  t.deepEqual(
    calls[0]!.entries,
    batch.map((event) => ({ entryId: event.id, event, contentType: 'application/cloudevents+json' })),
  );
});

test('after a partial failure, the events that daprd does not list as failed are published', async (t) => {
  const body = { failedEntries: [{ entryId: 'id-1', error: 'no' }], errorCode: 'ERR_PUBSUB_PUBLISH_MESSAGE' };
  for (const status of [500, 200]) {
    const { publish } = await startServer(t, () => ({ status, body }));
    const { published, refused, fault } = await publish('messages', events(3));
    t.deepEqual([[...published], [...refused]], [['id-0', 'id-2'], []]);
    t.regex(fault!, new RegExp(`^${status} .*ERR_PUBSUB`));
  }
});

test('after a failure without a list of events, no event counts as published', async (t) => {
  for (const status of [400, 401, 403, 404, 500, 503]) {
    const { calls, publish } = await startServer(t, () => ({ status, body: { errorCode: 'ERR_PUBSUB_NOT_FOUND' } }));
    const { published, refused, fault } = await publish('messages', events(2));
    t.deepEqual([published.size, refused.size, calls.length], [0, 0, 1]);
    t.true(fault!.startsWith(String(status)));
  }
});

test('large batches are split, and only an event that is too large for daprd is refused', async (t) => {
  const { calls, publish } = await startServer(t, (entries) => ({
    status: entries.some(({ event }) => event.text.length > 4_000_000) ? 413 : 204,
  }));
  const batch = [...events(30, 100_000), { id: 'giant', text: 'x'.repeat(5_000_000) }, { id: 'last', text: '' }];
  const { published, refused, fault } = await publish('conversations', batch);
  t.is(published.size, 31);
  t.deepEqual([...refused], ['giant']);
  t.is(fault, null);
  t.true(calls.filter(({ entries }) => entries.length > 1).every(({ bytes }) => bytes < 1_100_000));
  t.true(calls.length < 8);
});

test('without the bulk API, every event is published with its own call, and an event that fails keeps back no other', async (t) => {
  const statuses: Record<string, number> = { 'id-0': 500, 'id-7': 413 };
  const { calls, publish } = await startServer(t, ([entry], { bulk }) =>
    bulk ? NO_BULK : { status: statuses[entry!.event.id] ?? 204 },
  );
  const batch = events(50);
  const { published, refused, fault } = await publish('messages', batch);
  t.is(published.size, 48);
  t.false(published.has('id-0'));
  t.deepEqual([...refused], ['id-7']);
  t.regex(fault!, /^500/);
  const singles = calls.slice(1);
  for (const call of singles) t.like(call, { url: '/v1.0/publish/pubsub/messages', token: 'secret' });
  t.true(singles.every(({ entries }) => entries[0]!.contentType === 'application/cloudevents+json'));
  const sent = singles.map(({ entries }) => entries[0]!.event);
  const byId = (part: typeof batch) => part.toSorted((a, b) => a.id.localeCompare(b.id));
  t.deepEqual(byId(sent), byId(batch));
});

test('without the bulk API, the events that daprd took before it hangs are published', async (t) => {
  let taken = 0;
  const { publish } = await startServer(t, (_, { bulk }) => {
    if (bulk) return NO_BULK;
    return ++taken <= 20 ? { status: 204 } : 'hang';
  });
  const { published, fault } = await publish('messages', events(50));
  t.is(published.size, 20);
  t.truthy(fault);
});

test('a daprd that hangs or is unavailable gives a fault and no published events', async (t) => {
  const { publish } = await startServer(t, () => 'hang');
  const hung = await publish('messages', events(2));
  t.deepEqual([hung.published.size, typeof hung.fault], [0, 'string']);
  const unreachable = await daprPublisher({ httpPort: 1, apiToken: undefined })('messages', events(1));
  t.is(unreachable.published.size, 0);
  t.truthy(unreachable.fault);
});
