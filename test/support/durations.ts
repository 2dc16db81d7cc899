// How long each test file takes, from the start of its process to the end. The files run in processes of their own, which
// append to one file in the folder of the run.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const SHOWN = 10;

const recordIn = (folder: string): string => join(folder, 'durations');

/** Records the time of a test file, in milliseconds. Does nothing outside of a run. */
export function recordDuration(file: string, ms: number): void {
  const folder = process.env['TURNKEEPER_TEST_FOLDER'];
  if (folder) appendFileSync(recordIn(folder), `${Math.round(ms)} ${relative(ROOT, file)}\n`);
}

/** The slowest files of the run, the slowest one first: a line for each. */
export function slowestFiles(folder: string): string[] {
  const record = recordIn(folder);
  if (!existsSync(record)) return [];
  const lines = readFileSync(record, 'utf8').trim().split('\n');
  const times = lines.map((line) => ({
    ms: Number(line.slice(0, line.indexOf(' '))),
    file: line.slice(line.indexOf(' ') + 1),
  }));
  return times
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SHOWN)
    .map(({ ms, file }) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${file}`);
}
