// Project conventions: decision records, recipes, versions, and paths in documents.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';

const ROOT = resolve(import.meta.dirname, '..');
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const json = (file: string): unknown => JSON.parse(textOf(file));

test('every decision record has a title, a date, a status, and exactly three parts in order', (t) => {
  const records = readdirSync(join(ROOT, 'docs/decisions'));
  t.true(records.length >= 27);
  for (const record of records) {
    const text = textOf(`docs/decisions/${record}`);
    t.regex(record, /^\d{4}-[a-z0-9-]+\.md$/);
    t.regex(text, /^# \S.*\n\nDate: \d{4}-\d{2}-\d{2}\. Status: (accepted|superseded by \[\d{4}\].*)\.\n/, record);
    const parts = [...text.matchAll(/\n\n\*\*(.+?)\*\*/gs)].map(([, name]) => name);
    t.deepEqual(parts, ['Context.', 'Decision.', 'Consequences.'], record);
  }
});

/** Returns the paths in backticks that start with a folder of this repository, without patterns and placeholders. */
const pathsIn = (text: string) =>
  [
    ...text.matchAll(
      /`((?:src|local|web|test|docs|scripts|migrations|components|deploy|bench|examples|sidecar)\/[^`\s]*)`/g,
    ),
  ]
    .map(([, path]) => path!)
    .filter((path) => !/[<*…{]|\$/.test(path));

test('every path that a document mentions exists', (t) => {
  const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/README.md'];
  for (const folder of ['docs', 'docs/decisions'])
    documents.push(...readdirSync(join(ROOT, folder)).map((file) => `${folder}/${file}`));
  let mentioned = 0;
  for (const document of documents.filter((file) => file.endsWith('.md'))) {
    for (const path of pathsIn(textOf(document))) {
      mentioned += 1;
      t.true(existsSync(join(ROOT, path)), `${document}: ${path}`);
    }
  }
  t.true(mentioned >= 40, `${mentioned} paths`);
});

test('every file of a recipe in CONTRIBUTING.md exists', (t) => {
  const recipes = textOf('CONTRIBUTING.md').split('\n### ').slice(1);
  t.is(recipes.length, 6);
  for (const recipe of recipes) {
    const rows = recipe.split('\n').filter((line) => line.startsWith('| `'));
    t.true(rows.length >= 4);
    for (const row of rows) {
      const [, files] = row.split('|');
      for (const [, file] of files!.matchAll(/`([^`]+)`/g))
        if (!file!.includes('<')) t.true(existsSync(join(ROOT, file!)), file);
    }
  }
});

test('package versions are exact, and every package in the lock file has a hash', (t) => {
  const { dependencies, devDependencies } = json('package.json') as Record<string, Record<string, string>>;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    t.regex(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
  const { packages } = json('package-lock.json') as {
    packages: Record<string, { integrity?: string; optional?: boolean; os?: unknown }>;
  };
  for (const [path, { integrity, optional, os }] of Object.entries(packages)) {
    // A registry may not offer the binaries of other platforms (docs/decisions/0002-lock-file.md).
    const isForeign = optional === true && os !== undefined;
    t.true(path === '' || integrity !== undefined || isForeign, path);
  }
});
