// Installing a missing program, with a package manager of the test's own on the PATH.
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { installPackage } from '../../local/install-package.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { Owner } from '../support/owner.ts';

const log = createLog('silent');

/** A PATH with nothing on it but an `apk` that writes down how it is called, and a `sudo`. Returns the calls. */
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

test.serial('with INSTALL_PARTS=no nothing is run, and the command is printed', async (t) => {
  const calls = fakePackageManager(t);
  const said: string[] = [];
  const outcome = await installPackage('redis', { allowed: false, say: (line) => said.push(line) }, log);
  t.regex(outcome, /^Install it with: (sudo )?apk add --no-cache redis$/);
  t.deepEqual(said, []);
  t.deepEqual(calls(), ['apk --version']);
});

test.serial('an installation is announced before it happens', async (t) => {
  const calls = fakePackageManager(t);
  const callsAtAnnouncement: string[][] = [];
  const said: string[] = [];
  const say = (line: string) => {
    said.push(line);
    callsAtAnnouncement.push(calls());
  };
  await installPackage('redis', { allowed: true, say }, log);
  t.is(said.length, 1);
  t.regex(said[0]!, /redis is not installed: running "(sudo -n )?apk add --no-cache redis".*INSTALL_PARTS=no/);
  t.deepEqual(callsAtAnnouncement, [['apk --version']]);
  t.deepEqual(calls(), ['apk --version', 'apk add --no-cache redis']);
});

test.serial('a program that no known package contains is not guessed at', async (t) => {
  const calls = fakePackageManager(t);
  const outcome = await installPackage('promtool', { allowed: true, say: () => {} }, log);
  t.is(outcome, 'No package of apk is known to contain it.');
  t.deepEqual(calls(), ['apk --version']);
});
