import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import test from 'ava';
import { PROBLEMS } from '../src/http/problem.ts';
import { startApp } from './support/app.ts';

const ROOT = resolve(import.meta.dirname, '..');
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'examples/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((file) => `docs/${file}`),
].filter((file) => file.endsWith('.md'));

test('every relative link between documents leads to an existing file', (t) => {
  for (const page of PAGES) {
    for (const [, target] of textOf(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      t.true(existsSync(join(ROOT, dirname(page), target!)), `${page}: ${target}`);
    }
  }
});

test('docs/errors.md explains every problem code and every turn error code', (t) => {
  const page = textOf('docs/errors.md');
  for (const code of Object.keys(PROBLEMS)) t.true(page.includes(`\`${code}\``), code);
  const codes = [...textOf('src/model/model.ts').matchAll(/\| '(model_\w+)'/g)].map(([, code]) => code!);
  t.true(codes.length > 5);
  for (const code of [...codes, 'claims_exhausted']) t.true(page.includes(`\`${code}\``), code);
});

test('every npm script that the README names exists', (t) => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
  for (const [, name] of textOf('README.md').matchAll(/npm run ([\w:]+)/g)) t.truthy(scripts[name!], name);
});

for (const [page, least] of [
  ['README.md', 5],
  ['docs/openai.md', 4],
] as const) {
  test(`the commands of the first conversation in ${page} work as printed`, async (t) => {
    const { url, model } = await startApp(t);
    model.script(() => ({ text: 'Good day, Alice.' }));
    const conversation = textOf(page).split('<!-- first-conversation -->')[1]!.split('\n## ')[0]!;
    const commands = [...conversation.matchAll(/```sh\n(.*?)```/gs)].map(([, command]) =>
      command!.replaceAll('\\\n', ' '),
    );
    t.true(commands.length >= least);
    for (const command of commands) {
      const address = /http:\/\/127\.0\.0\.1:8080([^\s']*)/.exec(command)![1]!;
      const headers = Object.fromEntries(
        [...command.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name, value]) => [name!, value!]),
      );
      const body = /-d '([^']+)'/.exec(command)?.[1];
      const response = await fetch(url + address, body === undefined ? {} : { method: 'POST', headers, body });
      t.is(response.status, 200, `${command}: ${await response.text()}`);
    }
  });
}
