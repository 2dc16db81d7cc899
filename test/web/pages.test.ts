// How the built pages are served, and their Content-Security-Policy.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { assistantsWith } from '../support/assistants.ts';
import { operationsOf } from '../../src/http/operations.ts';
import { readPages } from '../../src/http/endpoints/pages.ts';
import { start } from '../http/support/ingress.ts';
import { MemoryServices } from '../http/support/memory-services.ts';

const PAGES = ['/', '/desk', '/operations'];
const SCRIPT_LIMIT = 150_000;

const linked = (html: string): string[] =>
  [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);

for (const path of PAGES) {
  test(`${path} has a strict policy, no inline scripts or styles, and less than 150 kB of script`, async (t) => {
    const { call } = await start(t);
    const page = await call('GET', path);
    t.is(page.status, 200);
    t.regex(page.headers.get('content-type')!, /^text\/html/);
    t.regex(page.headers.get('content-security-policy')!, /^default-src 'self';/);
    t.regex(page.headers.get('content-security-policy')!, /frame-ancestors 'none'/);
    t.is(page.headers.get('x-content-type-options'), 'nosniff');
    t.is(page.headers.get('referrer-policy'), 'no-referrer');
    t.is(page.headers.get('cache-control'), 'no-cache');
    t.notRegex(page.text, /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/i);
    let script = 0;
    const seen = new Set<string>();
    for (const pending = linked(page.text); pending.length > 0;) {
      const asset = pending.pop()!;
      if (seen.has(asset)) continue;
      seen.add(asset);
      const { status, headers, text } = await call('GET', asset);
      t.is(status, 200, asset);
      t.is(headers.get('cache-control'), 'public, max-age=31536000, immutable');
      if (!asset.endsWith('.js')) continue;
      script += gzipSync(text).length;
      // Imported scripts count too, whether the page preloads them or not.
      for (const [, name] of text.matchAll(/from\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) pending.push(`/assets/${name!}`);
    }
    t.true(seen.size >= 4);
    t.true(script > 5_000 && script < SCRIPT_LIMIT, `${script} bytes`);
    t.log(`${path}: ${script} bytes of script, gzip`);
  });
}

test('a page has an ETag and is compressed only for clients that accept gzip', async (t) => {
  const { call, ingress } = await start(t);
  const page = await call('GET', '/desk?whatever=1');
  const again = await call('GET', '/desk', undefined, { 'if-none-match': page.headers.get('etag')! });
  t.is(again.status, 304);
  const plain = await fetch(`${ingress.url}/desk`, { headers: { 'accept-encoding': 'identity' } });
  t.is(plain.headers.get('content-encoding'), null);
  t.is(await plain.text(), page.text);
  const pages = readPages();
  const { bytes, gzipped } = pages.get('desk.html')!;
  t.deepEqual(gunzipSync(gzipped), bytes);
  t.is((await call('GET', '/assets/none.js')).status, 404);
  t.is((await call('GET', '/assets/..%2fdesk.html')).status, 404);
});

test('the chat page contains the text for held replies, escaped', async (t) => {
  const { call } = await start(t, { heldText: `$& "a" <b> 'c'` });
  const page = await call('GET', '/');
  t.true(page.text.includes(`<meta name="review-held-text" content="$&amp; &quot;a&quot; &lt;b&gt; 'c'"`), page.text);
  const other = await start(t);
  t.not((await other.call('GET', '/')).headers.get('etag'), page.headers.get('etag'));
});

test('without built pages, a page explains how to build them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-pages-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const operations = operationsOf(new MemoryServices().services, {
    version: '1',
    assistants: assistantsWith('scripted'),
    pages: readPages(`${folder}/none`),
  });
  const desk = operations.find(({ path }) => path === '/desk')!;
  const answer = await desk.handle({ path: {}, query: {}, headers: {}, body: null }, {} as never);
  t.is(answer.status, 503);
  t.regex(answer.body as string, /not built.*npm start/s);
});
