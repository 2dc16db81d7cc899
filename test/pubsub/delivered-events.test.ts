// What a subscriber receives, through real daprds: the same event, whether it was published in bulk or alone.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { daprPublisher } from '../../src/dapr/publish.ts';
import { cloudEvent } from '../../src/domain/events.ts';
import { daprBinaries } from '../support/app.ts';
import { eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { redisUrl } from '../support/services.ts';
import { startDaprd, startOutsider } from './support.ts';

const run = daprBinaries ? test : test.skip;

const NO_ALPHA_API = {
  apiVersion: 'dapr.io/v1alpha1',
  kind: 'Configuration',
  metadata: { name: 'no-alpha-api' },
  spec: { api: { denied: [{ name: 'publish', version: 'v1.0-alpha1', protocol: 'http' }] } },
};

run('a subscriber receives the same event from a daprd with the bulk API and from one that denies it', async (t) => {
  const redis = await redisUrl(t);
  const outsider = await startOutsider(t, redis, ['messages']);
  const config = join(temporaryFolder(t), 'no-alpha-api.yaml');
  writeFileSync(config, JSON.stringify(NO_ALPHA_API));
  const daprd = { appPort: 1, redisUrl: redis };
  const inBulk = await startDaprd(t, { ...daprd, appId: 'in-bulk' });
  const alone = await startDaprd(t, { ...daprd, appId: 'alone', config });
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const content = (id: string) =>
    ({ topic: 'messages', id, userId: 'ann', data: { note: 'ü' }, at: new Date(0) }) as const;
  const events = ['one', 'two', 'three'].map((id) => cloudEvent({ ...content(id), traceparent }));
  for (const { httpPort } of [inBulk, alone]) {
    const before = outsider.received.length;
    const { published, fault } = await daprPublisher({ httpPort, apiToken: undefined })('messages', events);
    t.deepEqual([[...published].toSorted(), fault], [['one', 'three', 'two'], null]);
    await eventually('the events arrive', async () => outsider.received.length === before + events.length);
  }
  const received = outsider.ofTopic('messages');
  const byId = (part: typeof received) => part.toSorted((a, b) => a.id.localeCompare(b.id));
  // All fields, also those that daprd sets: the trace, the topic, the component.
  t.deepEqual(byId(received.slice(0, 3)), byId(received.slice(3)));
  for (const event of received) t.like(event, cloudEvent(content(event.id)));
});
