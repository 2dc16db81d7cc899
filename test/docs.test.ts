import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import test from 'ava';
import { parseAssistants } from '../src/domain/assistants/assistants-file.ts';
import { chat, waitForTurn } from './support/client.ts';
import { temporaryFolder } from './support/folder.ts';
import { PROBLEMS } from '../src/http/problem.ts';
import { startApp } from './support/app.ts';

const ROOT = resolve(import.meta.dirname, '..');
const textOf = (file: string) => readFileSync(join(ROOT, file), 'utf8');
/** Every document. `**` does not match folders whose name starts with a dot. */
const PAGES = globSync(['**/*.md', '.github/**/*.md'], { cwd: ROOT, exclude: ['**/node_modules/**'] });

/** Returns the anchors that GitHub gives to the headings of a document. A repeated heading gets a number. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of text.replaceAll(/^```.*?^```/gms, '').matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const words = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{M}\p{N}_ -]/gu, '').replaceAll(' ', '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n += 1) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

test('the anchors of headings follow the rule of GitHub', (t) => {
  const text = '# A `b_c`: [D](e.md), é!\n\n## Again\n\n```sh\n# a comment\n```\n\n### Again\n';
  t.deepEqual([...anchorsOf(text)], ['a-b_c-d-é', 'again', 'again-1']);
});

test('every relative link of a document leads to an existing file, and every anchor to a heading', (t) => {
  for (const page of ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'docs/terms.md'])
    t.true(PAGES.includes(page), page);
  let anchors = 0;
  for (const page of PAGES) {
    for (const [, path, anchor] of textOf(page).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?[^)]*\)/g)) {
      if (/^[a-z]+:/.test(path!)) continue;
      const target = path === '' ? page : join(dirname(page), path!);
      const exists = existsSync(join(ROOT, target));
      t.true(exists, `${page}: ${path}`);
      if (!exists || anchor === undefined || !target.endsWith('.md')) continue;
      anchors += 1;
      t.true(anchorsOf(textOf(target)).has(anchor), `${page}: ${path}#${anchor}`);
    }
  }
  t.true(anchors >= 3, `${anchors} anchors`);
});

test('docs/errors.md explains every problem code and every turn error code', (t) => {
  const page = textOf('docs/errors.md');
  for (const code of Object.keys(PROBLEMS)) t.true(page.includes(`\`${code}\``), code);
  const codes = [...textOf('src/model/model.ts').matchAll(/\| '(model_\w+)'/g)].map(([, code]) => code!);
  t.true(codes.length > 5);
  for (const code of [...codes, 'claims_exhausted', 'assistant_not_found', 'budget_exhausted', 'internal_error'])
    t.true(page.includes(`\`${code}\``), code);
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

test('the assistants of README.md, docs/assistants.md and docs/tools.md work as printed', async (t) => {
  const jsonIn = (page: string, mark: string) => /```json\n(.*?)```/s.exec(textOf(page).split(mark)[1]!)![1]!;
  const environment = { OTHER_KEY: 'key' };
  const file = (content: string) => ({
    main: { text: content },
    instructions: { 'legal.md': { text: 'You know the law.' } },
  });
  t.deepEqual(
    parseAssistants(file(jsonIn('docs/assistants.md', '# Assistants')), { environment, allowPrivate: false }).faults,
    [],
  );
  const tools = { REFUND_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', WIKI_HEADERS: 'Authorization: Bearer x' };
  const surroundings = { environment: tools, allowPrivate: false };
  t.deepEqual(parseAssistants(file(jsonIn('docs/tools.md', '# Tools')), surroundings).faults, []);
  const example = jsonIn('README.md', '<!-- assistants -->');
  const path = join(temporaryFolder(t), 'assistants.json');
  writeFileSync(path, example);
  const { url, model } = await startApp(t, { settings: { ASSISTANTS: path } });
  const { turn_id: turnId } = await chat(url, { user_id: 'alice', text: 'Hello' });
  t.is((await waitForTurn(url, turnId)).status, 'completed');
  const [call] = model.chatCalls;
  t.like(call!.body, { model: 'gpt-4o-mini', temperature: 0.2 });
  t.true(call!.messages[0]!.content.startsWith('You are Captain Ada'));
});
