// Writes the results as JSON, with the machine and the commit that they belong to.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Run } from './scenarios/measure.ts';
import { ROOT } from './systems/processes.ts';
import type { Row } from './row.ts';

const MIB = 1024 * 1024;

/** The commit of the checkout, with `+` if files differ from it. Null: git is not available. */
function commit(): string | null {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  } catch {
    return null;
  }
}

/** Describes where the figures come from. */
export const provenance = () => ({
  at: new Date().toISOString(),
  commit: commit(),
  node: process.version,
  machine: {
    cpus: cpus().length,
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryMib: Math.round(totalmem() / MIB),
    platform: `${process.platform}-${process.arch}`,
  },
});

/** Writes the results to the file. The profiles are only printed. */
export function writeJson(file: string, rows: readonly Row[], runs: readonly Run[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const kept = runs.map(({ costs: _, ...run }) => run);
  writeFileSync(file, `${JSON.stringify({ ...provenance(), rows, runs: kept }, null, 2)}\n`);
}

/** The line under the table. */
export function provenanceLine(): string {
  const { at, commit, node, machine } = provenance();
  const { cpus, cpu, memoryMib, platform } = machine;
  return `${at}, commit ${commit ?? 'unknown'}, Node ${node}, ${cpus} × ${cpu}, ${memoryMib} MiB, ${platform}`;
}
