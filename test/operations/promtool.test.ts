// Checks the Prometheus files of deploy/ with promtool.
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { temporaryFolder } from '../support/folder.ts';
import { ROOT } from './queries.ts';

const promtool = process.env['TURNKEEPER_TEST_PROMTOOL'];
const check = promtool === undefined ? test.skip : test;
const run = promisify(execFile);

check('the configuration of Prometheus and its rules are valid', async (t) => {
  const { stdout } = await run(promtool!, ['check', 'config', '--lint-fatal', 'deploy/prometheus.yml'], { cwd: ROOT });
  t.regex(stdout, /1 rule files found/);
  t.regex(stdout, /\d\d rules found/);
});

check('the tests of the alert rules pass', async (t) => {
  await t.notThrowsAsync(run(promtool!, ['test', 'rules', 'deploy/alerts.test.yml'], { cwd: ROOT }));
});

for (const [what, from, to] of [
  ['a rule that waits too long', 'for: 3m', 'for: 30m'],
  ['a rule that fires for a single process', 'max by (store)', 'min by (store)'],
  ['a threshold that is too low', '> 0.05\n            and', '> 0.001\n            and'],
] as const) {
  check(`the tests of the alert rules detect ${what}`, async (t) => {
    const folder = temporaryFolder(t);
    const rules = readFileSync(join(ROOT, 'deploy/alerts.yml'), 'utf8');
    t.true(rules.includes(from));
    writeFileSync(join(folder, 'alerts.yml'), rules.replace(from, to));
    cpSync(join(ROOT, 'deploy/alerts.test.yml'), join(folder, 'alerts.test.yml'));
    await t.throwsAsync(run(promtool!, ['test', 'rules', 'alerts.test.yml'], { cwd: folder }));
  });
}
