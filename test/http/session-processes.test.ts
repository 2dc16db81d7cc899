// A session is valid at every ingress process of a deployment and after restarts. Uses a real database.
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call } from '../support/client.ts';
import { startSecondIngress } from '../support/second-ingress.ts';
import { keyOf, sha256 } from './support/ingress.ts';

const kim = `kim:reviewer:${sha256(keyOf('kim'))}`;
const root = `root:admin:${sha256(keyOf('root'))}`;

test('a session is valid at another ingress and after a restart of all processes, until its key is removed', async (t) => {
  const settings = { AUTH: 'keys', API_KEYS: `${kim},${root}` };
  const app = await startApp(t, { settings });
  const { databaseUrl, redisUrl } = app;
  const signedIn = await call(app.url, '/session', { body: { key: keyOf('kim') } });
  t.is(signedIn.status, 204);
  const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  const callerAt = async (url: string) => {
    const { status, body } = await call(url, '/session', { headers: { cookie } });
    return status === 200 ? body['name'] : status;
  };
  t.is(await callerAt(app.url), 'kim');
  const second = await startSecondIngress(t, app, settings);
  t.is(await callerAt(second.url), 'kim');
  await second.stop();
  await app.stop();
  const restarted = await startApp(t, { settings, databaseUrl, redisUrl });
  t.is(await callerAt(restarted.url), 'kim');
  const withoutKey = await startSecondIngress(t, restarted, { AUTH: 'keys', API_KEYS: root });
  t.is(await callerAt(withoutKey.url), 401);
});
