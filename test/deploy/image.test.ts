// The build context of the image (.dockerignore) contains every file that its programs import.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'ava';

const ROOT = resolve(import.meta.dirname, '../..');
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const PROGRAMS = ['src/main.ts', 'src/cli/main.ts', 'deploy/migrate.mjs', 'knexfile.ts'];

function importsOf(file: string): string[] {
  const names = [
    ...textOf(file).matchAll(/^(?:import|export) (?!type )[^;]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gms),
  ];
  return names.map(([, name, dynamic]) => relative(ROOT, resolve(ROOT, dirname(file), name ?? dynamic!)));
}

test('the build context contains every file that the programs of the image import', (t) => {
  const allowed = textOf('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const seen = new Set(PROGRAMS);
  for (const file of seen) {
    t.true(existsSync(join(ROOT, file)), file);
    t.true(
      allowed.some((path) => file === path || file.startsWith(`${path}/`)),
      `${file} is not in the build context`,
    );
    if (/\.(ts|mjs)$/.test(file)) for (const imported of importsOf(file)) seen.add(imported);
  }
  t.true(seen.size > 150);
});
