// The policy file changes while the process runs: rewritten, replaced, removed, invalid.
import test from 'ava';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { LivePolicy } from '../../src/reviews/live-policy.ts';
import { readPolicyFile } from '../../src/domain/policy-file.ts';
import { startApp } from '../support/app.ts';
import { chat, waitForTurn, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { waitForCall } from '../support/held-model.ts';
import type { Owner } from '../support/owner.ts';
import { read } from '../support/sse.ts';
import { park } from './support.ts';

const policyWith = (...names: string[]) =>
  JSON.stringify({ rules: names.map((name) => ({ name, reason: 'x', on: 'reply', keywords: [name] })) });
/** More than two reads of the file. */
const TWO_READS_MS = 2_500;

interface Line {
  readonly level: string;
  readonly fields: { readonly faults?: readonly string[]; readonly rules?: number };
}

/** Starts a live policy on the file and records its log lines. */
function startPolicy(t: Owner, path: string) {
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

const waitForRules = (live: { names: () => string }, names: string) =>
  eventually(`the rules ${names}`, async () => live.names() === names);

test('the policy follows a file that is rewritten, replaced, switched by a link, or missing for a while', async (t) => {
  const folder = temporaryFolder(t);
  // Kubernetes mounts a ConfigMap like this: file → ..data → a folder for each version.
  const version = (name: string, text: string) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'policy.json'), text);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  version('v1', policyWith('one'));
  const path = join(folder, 'policy.json');
  symlinkSync('..data/policy.json', path);
  const live = startPolicy(t, path);
  t.is(live.names(), 'one');
  version('v2', policyWith('two'));
  rmSync(join(folder, 'v1'), { recursive: true });
  await waitForRules(live, 'two');
  t.deepEqual(live.current().keywords, ['urgent'], 'the keywords of REVIEW_KEYWORDS stay');

  // Editors save like this: another file is renamed to the path.
  writeFileSync(join(folder, 'policy.json~'), policyWith('three', 'four'));
  renameSync(join(folder, 'policy.json~'), path);
  await waitForRules(live, 'three,four');

  writeFileSync(path, policyWith('five'));
  await waitForRules(live, 'five');

  rmSync(path);
  await eventually('the missing file is logged', async () => live.lines.at(-1)?.level === 'error');
  t.is(live.names(), 'five');
  writeFileSync(path, policyWith('five'));
  await eventually('the restored file is logged', async () => live.lines.at(-1)?.level === 'info');
  t.regex(await live.metrics(), /turnkeeper_review_policy_in_force\{file="[^"]+"\} 1/);
});

test('an invalid file keeps the previous policy, is logged once with all faults, and sets the metrics', async (t) => {
  const path = join(temporaryFolder(t), 'policy.json');
  writeFileSync(path, policyWith('one'));
  const live = startPolicy(t, path);
  t.regex(await live.metrics(), /turnkeeper_review_policy_in_force\{file="[^"]+"\} 1/);
  writeFileSync(path, JSON.stringify({ rules: [{ name: 'A', on: 'reply' }, { name: 'b' }], extra: 1 }));
  await eventually('the faults are logged', async () => live.lines.length > 0);
  await sleep(TWO_READS_MS);
  t.is(live.lines.length, 1, 'once');
  t.is(live.lines[0]!.level, 'error');
  const faults = live.lines[0]!.fields.faults!.join('\n');
  for (const field of ['rules.0.name', 'rules.0.reason', 'rules.1.reason', 'rules.1.on', 'extra'])
    t.true(faults.includes(field), `${field}: ${faults}`);
  t.is(live.names(), 'one');
  t.regex(await live.metrics(), /turnkeeper_review_policy_in_force\{file="[^"]+"\} 0/);
  t.regex(await live.metrics(), /turnkeeper_review_policy_reloads_total\{outcome="refused"\} 1/);
  writeFileSync(path, policyWith('two'));
  await waitForRules(live, 'two');
  t.regex(await live.metrics(), /turnkeeper_review_policy_in_force\{file="[^"]+"\} 1/);
  t.regex(await live.metrics(), /turnkeeper_review_policy_reloads_total\{outcome="applied"\} 1/);
});

test('a file that is still being written is not applied', async (t) => {
  const path = join(temporaryFolder(t), 'policy.json');
  writeFileSync(path, policyWith('one'));
  const live = startPolicy(t, path);
  const whole = policyWith(...Array.from({ length: 30 }, (_, n) => `rule-${n}`));
  // Takes longer than three reads in total. No two reads find the same content.
  for (let length = 0; length < whole.length; length += 100) {
    writeFileSync(path, whole.slice(0, length));
    await sleep(150);
  }
  writeFileSync(path, whole);
  await eventually('the policy is in force', async () => live.current().rules.length === 30);
  t.deepEqual(
    live.lines.map(({ level }) => level),
    ['info'],
  );
});

test('a turn keeps the policy of its claim, and the next turn uses the new policy', async (t) => {
  const path = join(temporaryFolder(t), 'policy.json');
  writeFileSync(path, JSON.stringify({ rules: [] }));
  const { url, model } = await startApp(t, { settings: { REVIEW_POLICY: path, REVIEW_KEYWORDS: 'none' } });
  model.script((one) => (one.kind === 'chat' ? { text: 'you get your money back soon', trickleMs: 1_000 } : {}));
  const { turn_id: turnId } = await chat(url, { user_id: 'ann', text: 'slowly' });
  const reading = read(url, turnId);
  await waitForCall(model, 'slowly');
  writeFileSync(path, policyWith('money'));
  const { turn, events } = await reading;
  t.like(turn, { status: 'completed', reply: 'you get your money back soon' });
  t.true(events.filter(({ event }) => event === 'delta').length > 2, 'the reply was streamed');
  const metrics = await fetch(`${url}/metrics`).then((response) => response.text());
  t.regex(metrics, /policy_reloads_total\{outcome="applied"\} 1/, 'the rule was in force before the turn was final');
  model.script(() => ({ text: 'you get your money back soon' }));
  t.deepEqual((await park(url, 'ann', 'again')).review!.reasons, ['money']);

  writeFileSync(path, JSON.stringify({ rules: [] }));
  await eventually('the rule is removed', async () => {
    const { turn_id: id } = await chat(url, { user_id: 'ben', text: 'once more' });
    return (await waitForTurn(url, id)).status === 'completed';
  });
});
