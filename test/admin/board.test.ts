// The queue board: only for admins, read-only, with current data.
import test from 'ava';
import { keyOf, sha256 } from '../http/support/ingress.ts';
import { startApp } from '../support/app.ts';
import { park } from '../reviews/support.ts';

const ROLES = { root: 'admin', kim: 'reviewer', app: 'service', alice: 'user:alice' };
const API_KEYS = Object.entries(ROLES)
  .map(([name, role]) => `${name}:${role}:${sha256(keyOf(name))}`)
  .join();

const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });

test('the board serves its page and all its files, with a policy that allows only this server', async (t) => {
  const { url } = await startApp(t);
  const page = await fetch(`${url}/admin/queues`);
  const html = await page.text();
  t.is(page.status, 200);
  t.regex(page.headers.get('content-type')!, /^text\/html/);
  const policy = page.headers.get('content-security-policy')!;
  t.regex(policy, /default-src 'self'/);
  t.notRegex(policy, /script-src|https?:|\*/);
  t.notRegex(html, /<script(?![^>]*(?:src=|application\/json))/, 'no inline script, which the policy would block');
  const base = new URL(/<base href="([^"]+)"/.exec(html)![1]!, url);
  const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => new URL(file!, base).href);
  t.true(files.length >= 3);
  for (const file of files) {
    const response = await fetch(file);
    t.is(response.status, 200, file);
    t.true((await response.text()).length > 100);
  }
  // Other paths have the strict policy.
  t.notRegex((await fetch(`${url}/docs`)).headers.get('content-security-policy')!, /unsafe/);
});

test('the board lists every topic and is read-only', async (t) => {
  const { url } = await startApp(t);
  await park(url, 'ann', 'help');
  const { queues } = (await (await fetch(`${url}/admin/queues/api/queues?activeQueue=human-review&page=1`)).json()) as {
    queues: { name: string; readOnlyMode: boolean }[];
  };
  t.is(queues.length, 6);
  t.true(queues.every(({ readOnlyMode }) => readOnlyMode));
  for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
    t.is((await fetch(`${url}/admin/queues/api/queues/human-review/pause`, { method })).status, 405, method);
});

test('only an admin may use the board, by key or by cookie', async (t) => {
  const { url } = await startApp(t, { settings: { AUTH: 'keys', API_KEYS } });
  const status = async (path: string, headers: Record<string, string>) => (await fetch(url + path, { headers })).status;
  for (const path of ['/admin/queues', '/admin/queues/', '/admin/queues/api/queues', '/admin/queues/static/none.js']) {
    t.is(await status(path, {}), 401, path);
    for (const name of ['kim', 'app', 'alice']) t.is(await status(path, as(name)), 403, `${path} ${name}`);
  }
  t.is(await status('/admin/queues', as('root')), 200);
  t.is(await status('/admin/queues/static/none.js', as('root')), 404);
  const signedIn = await fetch(`${url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: keyOf('root') }),
  });
  t.is(signedIn.status, 204);
  const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  t.is(await status('/admin/queues', { cookie }), 200);
  t.is(await status('/admin/queuesx', as('root')), 404);
});
