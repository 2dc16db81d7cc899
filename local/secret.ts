// Passwords of the embedded parts: random, made once, in a file that only its owner may read.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const BYTES = 24;

/** The secret kept in `file`; made at the first call. */
export function keptSecret(file: string): string {
  try {
    // `wx`: of two at once one makes it, and both read the same.
    writeFileSync(file, randomBytes(BYTES).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
