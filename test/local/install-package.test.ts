// Installing a missing program, with a fake package manager on the PATH.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { installPackage } from '../../local/install-package.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { Owner } from '../support/owner.ts';

const log = createLog('silent');

/**
 * Sets a PATH that contains only a `sudo` and an `apk` that records its calls. Returns a function that reads the calls.
 */
function fakePackageManager(t: Owner): () => string[] {
  const folder = temporaryFolder(t);
  const calls = join(folder, 'calls');
  const program = (name: string, text: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  program('apk', `echo "apk $*" >> ${calls}`);
  program('sudo', 'shift; [ "$1" = true ] || exec "$@"');
  const path = process.env['PATH'];
  process.env['PATH'] = folder;
  t.teardown(() => {
    process.env['PATH'] = path;
  });
  return () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []);
}

test.serial('with INSTALL_PARTS=no nothing is installed, and the outcome contains the command', async (t) => {
  const calls = fakePackageManager(t);
  const printed: string[] = [];
  const outcome = await installPackage('redis', { allowed: false, say: (line) => printed.push(line) }, log);
  t.regex(outcome, /^Install it with "(sudo )?apk add --no-cache redis"\.$/);
  t.deepEqual(printed, []);
  t.deepEqual(calls(), ['apk --version']);
});

test.serial('the command of an installation is printed before it runs', async (t) => {
  const calls = fakePackageManager(t);
  const callsBeforePrint: string[][] = [];
  const printed: string[] = [];
  const say = (line: string) => {
    printed.push(line);
    callsBeforePrint.push(calls());
  };
  await installPackage('redis', { allowed: true, say }, log);
  t.is(printed.length, 1);
  t.regex(printed[0]!, /redis is not installed: running "(sudo -n )?apk add --no-cache redis".*INSTALL_PARTS=no/);
  t.deepEqual(callsBeforePrint, [['apk --version']]);
  t.deepEqual(calls(), ['apk --version', 'apk add --no-cache redis']);
});

test.serial('a program without a known package is not installed', async (t) => {
  const calls = fakePackageManager(t);
  const outcome = await installPackage('promtool', { allowed: true, say: () => {} }, log);
  t.is(outcome, 'No package of apk is known to contain it.');
  t.deepEqual(calls(), ['apk --version']);
});
