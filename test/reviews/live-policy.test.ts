// The policy file changes under a running process, in all the ways that files change.
import test from 'ava';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { LivePolicy } from '../../src/reviews/live-policy.ts';
import { readPolicyFile } from '../../src/domain/policy-file.ts';
import { startApp } from '../support/app.ts';
import { chat, ended, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { asked } from '../support/held-model.ts';
import type { Owner } from '../support/owner.ts';
import { read } from '../support/sse.ts';
import { park } from './support.ts';

const policyWith = (...names: string[]) =>
  JSON.stringify({ rules: names.map((name) => ({ name, reason: 'x', on: 'reply', keywords: [name] })) });
/** Two looks and some. */
const LOOKED_MS = 2_500;

interface Line {
  readonly level: string;
  readonly fields: { readonly faults?: readonly string[]; readonly rules?: number };
}

/** A policy in force from a file that says `one`. */
function liveOn(t: Owner, path: string) {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object) => void lines.push({ level, fields });
  const log: Log = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  const metrics = createMetrics();
  const policy = new LivePolicy({ keywords: ['urgent'], file: readPolicyFile(path), metrics, log });
  policy.start();
  t.teardown(() => policy.stop());
  return {
    lines,
    names: () => policy.current.rules.map(({ name }) => name).join(),
    current: () => policy.current,
    metrics: () => metrics.registry.metrics(),
  };
}

const becomes = (live: { names: () => string }, names: string) =>
  eventually(`the rules ${names}`, async () => live.names() === names);

test('a file that is written anew, replaced, swapped behind a link, or gone for a while', async (t) => {
  const folder = temporaryFolder(t);
  // As Kubernetes mounts a ConfigMap: file → ..data → a folder of the version.
  const version = (name: string, text: string) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'policy.json'), text);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  version('v1', policyWith('one'));
  const path = join(folder, 'policy.json');
  symlinkSync('..data/policy.json', path);
  const live = liveOn(t, path);
  t.is(live.names(), 'one');
  version('v2', policyWith('two'));
  rmSync(join(folder, 'v1'), { recursive: true });
  await becomes(live, 'two');
  t.deepEqual(live.current().keywords, ['urgent'], 'those of REVIEW_KEYWORDS stay');

  // As editors save: another file takes the name.
  writeFileSync(join(folder, 'policy.json~'), policyWith('three', 'four'));
  renameSync(join(folder, 'policy.json~'), path);
  await becomes(live, 'three,four');

  writeFileSync(path, policyWith('five'));
  await becomes(live, 'five');

  rmSync(path);
  await eventually('that it is gone is told', async () => live.lines.at(-1)?.level === 'error');
  t.is(live.names(), 'five');
  writeFileSync(path, policyWith('five'));
  await eventually('that it is back is told', async () => live.lines.at(-1)?.level === 'info');
  t.regex(await live.metrics(), /turnkeeper_review_policy_in_force\{file="[^"]+"\} 1/);
});

test('a bad version keeps the one before it in force, is told of once with everything wrong, and shows in the metrics', async (t) => {
  const path = join(temporaryFolder(t), 'policy.json');
  writeFileSync(path, policyWith('one'));
  const live = liveOn(t, path);
  t.regex(await live.metrics(), /turnkeeper_review_policy_in_force\{file="[^"]+"\} 1/);
  writeFileSync(path, JSON.stringify({ rules: [{ name: 'A', on: 'reply' }, { name: 'b' }], extra: 1 }));
  await eventually('it is told', async () => live.lines.length > 0);
  await sleep(LOOKED_MS);
  t.is(live.lines.length, 1, 'once');
  t.is(live.lines[0]!.level, 'error');
  const faults = live.lines[0]!.fields.faults!.join('\n');
  for (const place of ['rules.0.name', 'rules.0.reason', 'rules.1.reason', 'rules.1.on', 'extra'])
    t.true(faults.includes(place), `${place}: ${faults}`);
  t.is(live.names(), 'one');
  t.regex(await live.metrics(), /turnkeeper_review_policy_in_force\{file="[^"]+"\} 0/);
  t.regex(await live.metrics(), /turnkeeper_review_policy_reloads_total\{outcome="refused"\} 1/);
  writeFileSync(path, policyWith('two'));
  await becomes(live, 'two');
  t.regex(await live.metrics(), /turnkeeper_review_policy_in_force\{file="[^"]+"\} 1/);
  t.regex(await live.metrics(), /turnkeeper_review_policy_reloads_total\{outcome="applied"\} 1/);
});

test('a file is not judged while it is being written', async (t) => {
  const path = join(temporaryFolder(t), 'policy.json');
  writeFileSync(path, policyWith('one'));
  const live = liveOn(t, path);
  const whole = policyWith(...Array.from({ length: 30 }, (_, n) => `rule-${n}`));
  // Longer than three looks in all, and never the same at two.
  for (let length = 0; length < whole.length; length += 100) {
    writeFileSync(path, whole.slice(0, length));
    await sleep(150);
  }
  writeFileSync(path, whole);
  await eventually('it is in force', async () => live.current().rules.length === 30);
  t.deepEqual(
    live.lines.map(({ level }) => level),
    ['info'],
  );
});

test('a turn keeps to the policy of its claim: what was shown while it was written is delivered; the next is held', async (t) => {
  const path = join(temporaryFolder(t), 'policy.json');
  writeFileSync(path, JSON.stringify({ rules: [] }));
  const { url, model } = await startApp(t, { settings: { REVIEW_POLICY: path, REVIEW_KEYWORDS: 'none' } });
  model.script((one) => (one.kind === 'chat' ? { text: 'you get your money back soon', trickleMs: 1_000 } : {}));
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'slowly' });
  const reading = read(url, turnId);
  await asked(model, 'slowly');
  writeFileSync(path, policyWith('money'));
  const { turn, events } = await reading;
  t.like(turn, { status: 'completed', reply: 'you get your money back soon' });
  t.true(events.filter(({ event }) => event === 'delta').length > 2, 'it was shown');
  const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
  t.regex(metrics, /policy_reloads_total\{outcome="applied"\} 1/, 'the rule was in force before the turn ended');
  model.script(() => ({ text: 'you get your money back soon' }));
  t.deepEqual((await park(url, 'ann', 'again')).review!.reasons, ['money']);

  writeFileSync(path, JSON.stringify({ rules: [] }));
  await eventually('the rule is gone', async () => {
    const { turn_id: id } = await chat(url, { user_id: 'ben', text: 'once more' });
    return (await ended(url, id)).status === 'completed';
  });
});
