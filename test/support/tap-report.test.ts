import test from 'ava';
import { TapReport } from './tap-report.ts';

function read(tap: string): { ok: boolean; lines: string[] } {
  const lines: string[] = [];
  const report = new TapReport((line) => lines.push(line));
  for (const line of tap.split('\n')) report.line(line);
  const ok = report.finish();
  return { ok, lines: lines.join('\n').split('\n') };
}

test('the report counts passed, failed and skipped tests, and repeats failures in full', (t) => {
  const { ok, lines } = read(
    'TAP version 13\nok 1 - a\nnot ok 2 - b\n  ---\n    message: the reason\n  ...\nok 3 - c # SKIP\nnot ok 4 - d # TODO\n1..4\n# fail 1',
  );
  t.false(ok);
  t.is(lines.at(-1), '1 passed, 1 failed, 2 skipped');
  t.is(lines.filter((line) => line.includes('the reason')).length, 2);
});

test('tests that did not run count as failed, and so does a run without tests', (t) => {
  t.is(read('ok 1 - a\n# 2 tests remaining in test/x.test.ts\n1..1').lines.at(-1), '1 passed, 2 failed, 0 skipped');
  const none = read('TAP version 13\n1..0');
  t.false(none.ok);
  t.is(none.lines.at(-1), '0 passed, 1 failed, 0 skipped');
});

test('a run without failures is a success', (t) => {
  t.true(read('ok 1 - a\nok 2 - b # SKIP\n1..2').ok);
});
