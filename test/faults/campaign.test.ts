// A short fault campaign on each runtime, as `npm run faults` runs it. A longer one runs every night
// (.github/workflows/faults.yml).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import { isAvailable, type RuntimeName } from '../support/app.ts';
import { temporaryFolder } from '../support/folder.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SEED = '7';

/** Kinds that each runtime must survive in a minute. None has a bound of a few seconds, which a busy machine would miss:
 *  test/actors/lost-hosts.test.ts and test/turns/takeover.test.ts measure those. */
const SETS: readonly (readonly [RuntimeName, string])[] = [
  ['embedded', 'instance-killed,redis-emptied,answers-to-ingress-dropped'],
  ['dapr', 'postgres-connections-reset,http-killed,redis-emptied'],
];

for (const [runtime, kinds] of SETS) {
  const run = isAvailable(runtime) ? test.serial : test.serial.skip;
  run(`${runtime}: every invariant holds under ${kinds}`, async (t) => {
    t.timeout(180_000);
    const json = join(temporaryFolder(t), 'result.json');
    const args = [
      '--runtime',
      runtime,
      '--seed',
      SEED,
      '--minutes',
      '1',
      '--clients',
      '48',
      '--kinds',
      kinds,
      '--json',
      json,
    ];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'faults/run.ts', ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.teardown(() => child.kill('SIGTERM'));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (output += part.toString()));
    const [code] = (await once(child, 'exit')) as [number | null];
    const last = output.trimEnd().split('\n').at(-1)!;
    t.is(code, 0, output);
    t.regex(last, /^PASS seed 7, /);
    const { runs } = JSON.parse(readFileSync(json, 'utf8')) as {
      runs: { accepted: number; kinds: { kind: string; struck: number }[]; folder: string }[];
    };
    t.deepEqual(runs[0]!.kinds.map(({ kind }) => kind).toSorted(), kinds.split(',').toSorted());
    t.true(runs[0]!.accepted >= 500, `${runs[0]!.accepted} turns`);
    rmSync(runs[0]!.folder, { recursive: true, force: true });
  });
}
