// How the pages are served: what was built, under a policy that lets nothing else in.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { operationsOf } from '../../src/http/operations.ts';
import { readPages } from '../../src/http/endpoints/pages.ts';
import { start } from '../http/support/ingress.ts';
import { MemoryServices } from '../http/support/memory-services.ts';

const PAGES = ['/', '/desk', '/operations'];
const SCRIPT_LIMIT = 150_000;

const linked = (html: string): string[] =>
  [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);

for (const path of PAGES) {
  test(`${path} is served under a strict policy, inlines nothing, and loads less than 150 kB of script`, async (t) => {
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
    for (const waiting = linked(page.text); waiting.length > 0;) {
      const asset = waiting.pop()!;
      if (seen.has(asset)) continue;
      seen.add(asset);
      const { status, headers, text } = await call('GET', asset);
      t.is(status, 200, asset);
      t.is(headers.get('cache-control'), 'public, max-age=31536000, immutable');
      if (!asset.endsWith('.js')) continue;
      script += gzipSync(text).length;
      // What a script imports counts as well, whether the page preloads it or not.
      for (const [, name] of text.matchAll(/from\s*["'`]\.\/([\w.-]+\.js)["'`]/g)) waiting.push(`/assets/${name!}`);
    }
    t.true(seen.size >= 4);
    t.true(script > 5_000 && script < SCRIPT_LIMIT, `${script} bytes`);
    t.log(`${path}: ${script} bytes of script, gzip`);
  });
}

test('a page is known by its ETag, sent compressed to who takes that, and whole to others', async (t) => {
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

test('where the pages were never built a page says so, and the API works', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-pages-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const operations = operationsOf(new MemoryServices().services, {
    version: '1',
    model: 'a-model',
    pages: readPages(`${folder}/none`),
  });
  const desk = operations.find(({ path }) => path === '/desk')!;
  const answer = await desk.handle({ path: {}, query: {}, headers: {}, body: null }, {} as never);
  t.is(answer.status, 503);
  t.regex(answer.body as string, /not built.*npm start/s);
});
