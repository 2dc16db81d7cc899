import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { lockDataFolder } from '../../local/data-folder.ts';
import { InUseError } from '../../local/service.ts';
import { temporaryFolder } from '../support/folder.ts';

const HOLDER = join(import.meta.dirname, '../support/lock-holder.ts');

test('a folder is locked until it is released, and the error names the owner', (t) => {
  const dir = join(temporaryFolder(t), 'data');
  const folder = lockDataFolder(dir);
  folder.announce('http://127.0.0.1:8080');
  const error = t.throws(() => lockDataFolder(dir), { instanceOf: InUseError });
  t.true(error.message.includes(`pid ${process.pid}, http://127.0.0.1:8080`));
  folder.release();
  folder.release();
  lockDataFolder(dir).release();
});

test('a process that is killed with kill -9 leaves no lock', async (t) => {
  const dir = join(temporaryFolder(t), 'data');
  const holder = spawn(process.execPath, ['--expose-gc', HOLDER, dir], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const error = t.throws(() => lockDataFolder(dir), { instanceOf: InUseError });
  t.true(error.message.includes(`pid ${holder.pid}`));
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  t.notThrows(() => lockDataFolder(dir).release());
});
