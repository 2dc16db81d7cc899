// Random passwords of the embedded services, each in a file that only its owner may read.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const BYTES = 24;

/** The secret in `file`. The first call creates it. */
export function storedSecret(file: string): string {
  try {
    // `wx`: if two processes start at the same time, one creates the file and both read the same secret.
    writeFileSync(file, randomBytes(BYTES).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
