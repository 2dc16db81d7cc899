// A temporary folder for a test.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './owner.ts';

/** Creates a folder that is removed when the test ends. It is created inside the run's folder, if that is set: the run
 *  removes it even if the test is interrupted. The mode lets other users enter: PostgreSQL does not run as root. */
export function temporaryFolder(t: Owner, mode = 0o711): string {
  const folder = mkdtempSync(join(process.env['TURNKEEPER_TEST_FOLDER'] ?? tmpdir(), 'turnkeeper-'));
  chmodSync(folder, mode);
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
