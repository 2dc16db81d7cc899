// The structure of the code: layers, the folder of each library, one reader of the environment, file sizes.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'ava';

const ROOT = resolve(import.meta.dirname, '..');
const WEB = join(ROOT, 'web/src');

/** The layers, highest first. A folder imports only folders of lower rows. */
const LAYERS: readonly (readonly string[])[] = [
  ['main.ts'],
  ['composition'],
  ['cli', 'http', 'workers', 'monitoring'],
  ['turns', 'reviews', 'memory', 'webhooks', 'users', 'tools'],
  ['dapr', 'actors', 'processes'],
  ['store', 'redis', 'model'],
  ['config', 'telemetry', 'outbound'],
  ['domain', 'concurrency'],
];

/** Imports that the rows do not allow, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'dapr -> actors': 'the Dapr runtime and the actor host implement and serve the ports of actors/',
};

/** What each side may import from outside src/. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['local'],
  composition: ['package.json'],
  // The types of the public API, generated from the OpenAPI document. Type imports only (see below).
  cli: ['web/src/api'],
};

/** local/ starts services for `npm start` and the tests. It imports settings and logs, but nothing of the product. */
const LOCAL = ['src/config', 'src/telemetry', 'scripts', 'local'];

/** The folder that imports a library. Only Koa, pg and eventsource-parser have two. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  // The ingress, and the actor host, which is a server of its own.
  koa: ['src/http', 'src/dapr'],
  '@koa/router': ['src/http', 'src/dapr'],
  '@koa/bodyparser': ['src/http', 'src/dapr'],
  fresh: ['src/http'],
  jose: ['src/http'],
  '@bull-board/api': ['src/workers'],
  bullmq: ['src/workers'],
  ioredis: ['src/redis'],
  knex: ['src/store'],
  // local/ checks that a PostgreSQL that it started answers.
  pg: ['src/store', 'local'],
  openai: ['src/model'],
  undici: ['src/model'],
  'gpt-tokenizer': ['src/model'],
  '@dapr/dapr': ['src/dapr'],
  pino: ['src/telemetry'],
  'prom-client': ['src/telemetry'],
  '@opentelemetry/api': ['src/telemetry'],
  '@opentelemetry/context-async-hooks': ['src/telemetry'],
  '@opentelemetry/core': ['src/telemetry'],
  '@opentelemetry/exporter-trace-otlp-http': ['src/telemetry'],
  '@opentelemetry/exporter-zipkin': ['src/telemetry'],
  '@opentelemetry/resources': ['src/telemetry'],
  '@opentelemetry/sdk-trace': ['src/telemetry'],
  'close-with-grace': ['src/main.ts'],
  validator: ['src/domain'],
  'libphonenumber-js': ['src/domain'],
  '@modelcontextprotocol/sdk': ['src/tools'],
  standardwebhooks: ['src/outbound'],
  'ipaddr.js': ['src/domain'],
  ajv: ['src/domain'],
  'eventsource-parser': ['src/cli', 'src/model'],
};
/** Schemas are defined where data enters: in every layer. */
const ANYWHERE = ['zod'];

const READERS_OF_ENVIRONMENT = ['src/config'];

const filesBelow = (folder: string, pattern: RegExp) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => pattern.test(file))
    .map((file) => join(folder, file));
const files = [...filesBelow('src', /\.ts$/), ...filesBelow('local', /\.ts$/)];
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');
/** Imports with and without names, exports of other modules, dynamic imports, and require. */
const IMPORT =
  /^(?:import|export) [^;']*?from ["']([^"']+)["']|^import ["']([^"']+)["']|(?:import|require)\(["']([^"']+)/gms;
const importsOf = (file: string) =>
  [...textOf(file).matchAll(IMPORT)].map(([, named, unnamed, called]) => named ?? unnamed ?? called!);
const targetOf = (file: string, name: string) => relative(ROOT, resolve(ROOT, dirname(file), name));
const isIn = (file: string, paths: readonly string[]) =>
  paths.some((path) => file === path || file.startsWith(`${path}/`));
const folderOf = (file: string) => file.split('/')[1]!;
const rankOf = (folder: string) => LAYERS.findIndex((row) => row.includes(folder));

/** Every import from one folder of src/ to another, as `a -> b`, with the importing files. */
const folderImports = Map.groupBy(
  files.flatMap((file) =>
    importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => ({ file, target: targetOf(file, name) }))
      .filter(({ target }) => isIn(file, ['src']) && isIn(target, ['src']) && folderOf(file) !== folderOf(target)),
  ),
  ({ file, target }) => `${folderOf(file)} -> ${folderOf(target)}`,
);

test('a folder imports only folders of lower layers', (t) => {
  for (const [pair, imports] of folderImports) {
    const [from, to] = pair.split(' -> ').map(rankOf) as [number, number];
    t.true(from >= 0 && to >= 0, `${pair}: every folder has a layer`);
    t.true(from < to || pair in EXCEPTIONS, `${pair}: ${imports.map(({ file }) => file).join(', ')}`);
  }
});

test('every exception to the layers is used', (t) => {
  for (const pair of Object.keys(EXCEPTIONS)) t.true(folderImports.has(pair), pair);
});

test('folders have few imports of other folders, few files, and few very small files', (t) => {
  t.true(folderImports.size <= 95, `${folderImports.size} imports between folders`);
  for (const [folder, inside] of Map.groupBy(files, dirname))
    t.true(inside.length <= 30, `${folder}: ${inside.length}`);
  const small = files.filter((file) => isIn(file, ['src']) && textOf(file).split('\n').length <= 25);
  t.true(small.length < 15, `files of less than 25 lines: ${small.join(', ')}`);
});

test('only the listed folders import files outside src/', (t) => {
  for (const file of files) {
    for (const name of importsOf(file).filter((each) => each.startsWith('.'))) {
      const target = targetOf(file, name);
      const allowed = isIn(file, ['local']) ? LOCAL : ['src', ...(OUTSIDE[folderOf(file)] ?? [])];
      t.true(isIn(target, allowed), `${file} imports ${target}`);
    }
  }
});

test('each library is imported by the folder that the table names', (t) => {
  for (const file of files) {
    for (const name of importsOf(file)) {
      if (name.startsWith('.') || name.startsWith('node:')) continue;
      const library = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : name.split('/')[0]!;
      if (ANYWHERE.includes(library)) continue;
      t.true(isIn(file, LIBRARIES[library] ?? []), `${file} imports ${library}`);
    }
  }
});

test('only src/config reads the environment', (t) => {
  const reads = /process\??\.env\b|process\[|\benv\b[^;=]*\} = process\b|from 'node:process'|= process;/;
  for (const file of files.filter((each) => !isIn(each, READERS_OF_ENVIRONMENT))) t.notRegex(textOf(file), reads, file);
});

test('every import is found', (t) => {
  const text = ["import '../a.ts';", "import b, { c } from 'b';", "export * from 'c';", "await import('d');"].join(
    '\n',
  );
  t.deepEqual(
    [...text.matchAll(IMPORT)].map(([, ...names]) => names.find(Boolean)),
    ['../a.ts', 'b', 'c', 'd'],
  );
});

test('the terminal program imports only its settings and the types of the public API', (t) => {
  for (const file of files.filter((each) => isIn(each, ['src/cli'])))
    t.notRegex(textOf(file), /^(?:import|export) (?!type )[^;]*?from '\.\.\/(?!config\/terminal)[^']*'/m, file);
});

test('no file is longer than 300 lines', (t) => {
  for (const file of files) t.true(textOf(file).split('\n').length <= 301, file);
});

test('the pages use only the public API, never insert HTML, and have small files with one component each', (t) => {
  const pages = readdirSync(WEB, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
  t.true(pages.length > 20);
  for (const file of pages) {
    const text = readFileSync(join(WEB, file), 'utf8');
    for (const [, name] of text.matchAll(/from '([^']+)'/g)) {
      const target = name!.startsWith('.') ? resolve(WEB, dirname(file), name!) : null;
      t.true(target === null || target.startsWith(resolve(WEB, '..')), `${file} imports ${name!}`);
      const home = { uplot: 'operations/', diff: 'desk/' }[name!];
      t.true(home === undefined || file.startsWith(home), `${file} imports ${name!}`);
    }
    t.notRegex(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, file);
    // The types of the API are generated, so the limit does not apply to them.
    t.true(file === 'api/types.ts' || text.split('\n').length <= 301, file);
    t.true(
      (text.match(/^export (?:const|function) [A-Z]\w*[a-z]\w* ?[(=]/gm) ?? []).length <= 1 || !file.endsWith('x'),
      file,
    );
  }
});
