// A folder of its own for a test.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Owner } from './owner.ts';

/** Inside the run's folder, if there is one: an interrupted test tidies nothing up, but the run does.
 *  Removed when the test ends. As root, PostgreSQL runs as another user, which must be able to enter. */
export function temporaryFolder(t: Owner, mode = 0o711): string {
  const folder = mkdtempSync(join(process.env['TURNKEEPER_TEST_FOLDER'] ?? tmpdir(), 'turnkeeper-'));
  chmodSync(folder, mode);
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}
