// docs/guarantees.md names every check, kind and mutant of the campaign, and tests that exist.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import { CHECKS } from '../../faults/checks/checks.ts';
import { KINDS, NOT_RUN } from '../../faults/injectors/kinds.ts';
import { copyWith, MUTANTS, removeCopy } from '../../faults/mutants.ts';
import { TOOL_CHECKS } from '../../faults/tools/checks.ts';

const NAMES = [...CHECKS, ...TOOL_CHECKS].map(({ name }) => name);
const ROOT = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8');
const part = (title: string) => page.split(`\n## ${title}\n`)[1]!.split('\n## ')[0]!;
const namesIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
/** The cells of a table without its head. */
const tableOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.split('|').slice(1, -1));

test('every promise names the check that holds it, and tests that exist', (t) => {
  const rows = tableOf(part('What is promised'));
  t.deepEqual(rows.map(([, check]) => namesIn(check!)[0]).toSorted(), NAMES.toSorted());
  for (const [promise, , tests] of rows) {
    t.true(namesIn(tests!).length > 0, promise);
    for (const file of namesIn(tests!)) t.true(existsSync(join(ROOT, file)), file);
  }
});

test('every kind of faults is in the table of faults', (t) => {
  const named = tableOf(part('Under which faults')).flatMap(([, kinds]) => namesIn(kinds!));
  t.deepEqual(named.toSorted(), KINDS.map(({ name }) => name).toSorted());
});

test('every row that is not run is named', (t) => {
  const [, rows] = /^Not run by the campaign: rows ([\d, and]+),/m.exec(page)!;
  t.deepEqual(rows!.match(/\d+/g), Object.keys(NOT_RUN));
});

test('every mutant is named, can be applied, and expects checks that exist', (t) => {
  for (const mutant of MUTANTS) {
    t.true(part('What is promised').includes(`\`${mutant.name}\``), mutant.name);
    const root = copyWith(mutant);
    t.true(existsSync(join(root, 'src/main.ts')));
    removeCopy(root);
    for (const begin of mutant.checks)
      t.true(
        NAMES.some((name) => name.startsWith(begin)),
        begin,
      );
    for (const kind of mutant.kinds)
      t.true(
        KINDS.some(({ name }) => name === kind),
        kind,
      );
  }
});

test('a mutant whose text is gone is reported', (t) => {
  const edit = { file: 'package.json', find: 'no such text', replace: '' };
  t.throws(() => copyWith({ name: 'test-gone', edits: [edit] }), { message: /test-gone: 0 times in package\.json/ });
  removeCopy(join(ROOT, '.turnkeeper/mutants/test-gone'));
});
