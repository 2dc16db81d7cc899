// A folder of its own for a test.
import type { ExecutionContext } from 'ava';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Removed when the test ends. As root, PostgreSQL runs as another user, which must be able to enter. */
export function temporaryFolder(t: ExecutionContext, mode = 0o711): string {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-'));
  chmodSync(folder, mode);
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
