// A file system in memory, small enough to be filled. It needs the right to mount, which root has outside of containers.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIZE = '4g';
const FILLER = 'filler';

const run = (command: string, ...args: string[]): unknown => execFileSync(command, args, { stdio: 'ignore' });

export function mountSmallDisk(folder: string): void {
  run('mount', '-t', 'tmpfs', '-o', `size=${SIZE},mode=711`, 'turnkeeper-faults', folder);
}

export function unmount(folder: string): void {
  run('umount', folder);
}

/** Why no file system can be mounted here; null: it can. */
export function whyNoSmallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'turnkeeper-mount-'));
  try {
    mountSmallDisk(folder);
    unmount(folder);
    return null;
  } catch {
    return 'this user may not mount a small file system';
  } finally {
    rmdirSync(folder);
  }
}

/** Takes all the space that is free. */
export function fill(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  run('fallocate', '-l', String(bavail * bsize), join(folder, FILLER));
}

export const free = (folder: string): void => rmSync(join(folder, FILLER), { force: true });
