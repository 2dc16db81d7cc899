// Turns with pictures: who gets them, where they are stored, and who sees them.
import { writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import OpenAI from 'openai';
import pg from 'pg';
import { about, clientOf, failureOf } from '../openai/support.ts';
import { isAvailable, RUNTIMES, startApp, type AppOptions, type TestApp } from '../support/app.ts';
import { assistantsFile } from '../support/assistants.ts';
import { call, chat, delivered, eventually, waitForTurn, type TurnJson } from '../support/client.ts';
import { waitForCall } from '../support/held-model.ts';
import { SCRIPTED_MODEL } from '../support/model.ts';
import { JPEG, PNG } from '../support/pictures.ts';

const LINK = 'https://pictures.test/cat.png';
const DATA = `data:image/png;base64,${PNG.toString('base64')}`;
const EYES = { model: SCRIPTED_MODEL, profile: { images: true } };

const startWith = (t: ExecutionContext, models: readonly object[], options: AppOptions = {}): Promise<TestApp> =>
  startApp(t, {
    ...options,
    settings: { ...options.settings, ASSISTANTS: assistantsFile(t, { assistants: { turnkeeper: { models } } }).path },
  });

type Message = OpenAI.ChatCompletionMessageParam;
const seen = (text: string, ...urls: string[]): Message => ({
  role: 'user',
  content: [
    { type: 'text', text },
    ...urls.map((url) => ({ type: 'image_url' as const, image_url: { url, detail: 'high' as const } })),
  ],
});
const ask = ({ url }: TestApp, ...messages: Message[]) =>
  clientOf(url).chat.completions.create({ model: 'turnkeeper', user: 'ann', messages });
const textOf = (answer: OpenAI.ChatCompletion) => answer.choices[0]!.message.content;
const sentPart = (url: string, detail?: string) => ({
  type: 'image_url',
  image_url: { url, ...(detail && { detail }) },
});

async function rows(databaseUrl: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

for (const runtime of RUNTIMES) {
  const run = isAvailable(runtime) ? test : test.skip;

  run(
    `${runtime}: the model gets the pictures of both APIs, in order, and later prompts have only the text`,
    async (t) => {
      const app = await startWith(t, [EYES], { runtime });
      const first = await ask(app, seen('What is it?', LINK, DATA));
      t.is(textOf(first), 'echo: What is it?');
      const call1 = app.model.chatCalls.at(-1)!;
      t.deepEqual(call1.pictures, [sentPart(LINK, 'high'), sentPart(DATA, 'high')]);
      t.is(call1.lastUserMessage, 'What is it?');

      // The client sends its pictures again, with the history.
      const history: Message[] = [seen('What is it?', LINK, DATA), { role: 'assistant', content: textOf(first) }];
      const second = await ask(app, ...history, { role: 'user', content: 'And why?' });
      t.is(about(second).session_id, about(first).session_id);
      const call2 = app.model.chatCalls.at(-1)!;
      t.deepEqual(
        call2.messages.slice(1).map(({ content }) => content),
        ['What is it?', 'echo: What is it?', 'And why?'],
      );
      t.false(JSON.stringify(call2.body).includes('image_url'));

      const input = [
        {
          role: 'user' as const,
          content: [{ type: 'input_image' as const, image_url: DATA, detail: 'auto' as const }],
        },
      ];
      const response = await clientOf(app.url).responses.create({ model: 'turnkeeper', user: 'ann', input });
      t.is(response.output_text, 'echo: [1 picture]');
      t.deepEqual(app.model.chatCalls.at(-1)!.pictures, [sentPart(DATA, 'auto')]);
    },
  );

  run(
    `${runtime}: 8 MiB of pictures reach the model, and neither the row of the turn nor the claim has them`,
    async (t) => {
      const app = await startWith(t, [EYES], { runtime });
      const large = Array.from({ length: 4 }, (_, n) =>
        Buffer.concat([JPEG, Buffer.alloc(2 * 1024 * 1024 - JPEG.length, n + 1)]),
      );
      const urls = large.map((bytes) => `data:image/jpeg;base64,${bytes.toString('base64')}`);
      const answer = await ask(app, seen('Four', ...urls));
      t.is(textOf(answer), 'echo: Four');
      const sent = app.model.chatCalls.at(-1)!.pictures as { image_url: { url: string } }[];
      t.true(sent.every(({ image_url: { url } }, index) => url === urls[index]) && sent.length === 4);
      const [turn] = await rows(app.databaseUrl, 'select pictures, length(t::text) as length from turns t');
      t.is(turn!['pictures'], 4);
      t.true((turn!['length'] as number) < 2_000);
      const stored = await rows(
        app.databaseUrl,
        'select ordinal, length(bytes) as bytes from turn_pictures order by 1',
      );
      t.deepEqual(
        stored.map(({ ordinal, bytes }) => [ordinal, bytes]),
        [0, 1, 2, 3].map((ordinal) => [ordinal, 2 * 1024 * 1024]),
      );
      const { body } = await call<TurnJson>(app.url, `/turns/${about(answer).turn_id}`);
      t.false('pictures' in body, 'the turn has no other members');
    },
  );
}

test('a chat that began with a message of pictures only is continued', async (t) => {
  const app = await startWith(t, [EYES]);
  const message: Message = { role: 'user', content: [{ type: 'image_url', image_url: { url: LINK } }] };
  const first = await ask(app, message);
  t.is(textOf(first), 'echo: [1 picture]');
  const history: Message[] = [message, { role: 'assistant', content: textOf(first) }];
  const second = await ask(app, ...history, { role: 'user', content: 'And why?' });
  t.is(about(second).session_id, about(first).session_id);
  t.deepEqual(
    app.model.chatCalls
      .at(-1)!
      .messages.slice(1)
      .map(({ content }) => content),
    ['[1 picture]', 'echo: [1 picture]', 'And why?'],
  );
});

test('models that take no pictures are left out for a turn with pictures, and only for it', async (t) => {
  const blind = { model: 'blind', retry_s: 0 };
  const app = await startWith(t, [blind, EYES, { ...blind, model: 'blind-2' }]);
  app.model.script(({ body }) => (body['model'] === SCRIPTED_MODEL ? {} : { status: 503 }));
  const models = () => app.model.chatCalls.map(({ body }) => body['model']);
  t.is(textOf(await ask(app, seen('What is it?', LINK))), 'echo: What is it?');
  t.deepEqual(models(), [SCRIPTED_MODEL]);
  t.is(textOf(await ask(app, { role: 'user', content: 'Hi' })), 'echo: Hi');
  t.deepEqual(models(), [SCRIPTED_MODEL, 'blind', SCRIPTED_MODEL]);
});

test('the retries of a call send the pictures again, and the next model gets them too', async (t) => {
  const app = await startWith(t, [{ ...EYES, model: 'gpt-4o' }, EYES]);
  app.model.script(({ body, number }) => (body['model'] === 'gpt-4o' || number === 2 ? { status: 503 } : {}));
  t.is(textOf(await ask(app, seen('What is it?', DATA))), 'echo: What is it?');
  t.deepEqual(
    app.model.chatCalls.map(({ body, pictures }) => [body['model'], pictures]),
    ['gpt-4o', SCRIPTED_MODEL, SCRIPTED_MODEL].map((model) => [model, [sentPart(DATA, 'high')]]),
  );
});

test('without a model that takes pictures both APIs answer 400, and no turn is accepted', async (t) => {
  const app = await startWith(t, [{ model: 'gpt-4o', profile: { images: false } }, { model: 'o3-mini' }]);
  const refused = { status: 400, code: 'invalid_request' };
  t.like(await failureOf(ask(app, seen('What is it?', LINK))), { ...refused, param: 'messages[0].content[1]' });
  const input = [
    { role: 'user' as const, content: [{ type: 'input_image' as const, image_url: LINK, detail: 'auto' as const }] },
  ];
  const response = clientOf(app.url).responses.create({ model: 'turnkeeper', user: 'ann', input });
  t.like(await failureOf(response), { ...refused, param: 'input[0].content[0]' });
  t.deepEqual(await rows(app.databaseUrl, 'select 1 from turns'), []);
});

test('a turn fails with the code of the endpoint that refuses its pictures', async (t) => {
  const app = await startWith(t, [EYES]);
  app.model.script(({ pictures }) =>
    pictures.length > 0 ? { status: 400, text: 'image_url is only supported by certain models.' } : {},
  );
  t.like(await failureOf(ask(app, seen('What is it?', LINK))), { status: 422, code: 'turn_failed' });
  t.is(app.model.chatCalls.length, 1);
  const [turn] = await rows(app.databaseUrl, 'select error_code from turns');
  t.is(turn!['error_code'], 'model_invalid_request');
});

test('a turn fails if its assistant has no model for pictures any more', async (t) => {
  const path = assistantsFile(t, { assistants: { turnkeeper: { models: [EYES] } } }).path;
  const app = await startApp(t, { settings: { ASSISTANTS: path } });
  const { promise: changed, resolve } = Promise.withResolvers<void>();
  app.model.script(async ({ lastUserMessage }) => {
    if (lastUserMessage === 'first') await changed;
    return {};
  });
  await chat(app.url, { user_id: 'ann', text: 'first' });
  await waitForCall(app.model, 'first');
  const failed = failureOf(ask(app, seen('What is it?', LINK)));
  await eventually('the turn is queued', async () => (await rows(app.databaseUrl, 'select 1 from turns')).length === 2);
  const models = [{ model: SCRIPTED_MODEL }];
  writeFileSync(path, JSON.stringify({ assistants: { turnkeeper: { models } } }));
  await eventually('the new file is in force', async () => {
    const { status } = await call(app.url, '/v1/chat/completions', {
      body: { model: 'turnkeeper', user: 'bob', messages: [seen('And now?', LINK)] },
    });
    return status === 400;
  });
  resolve();
  t.like(await failed, { status: 422, code: 'turn_failed' });
  const turns = await rows(app.databaseUrl, "select error_code from turns where user_id = 'ann' order by seq");
  t.deepEqual(
    turns.map((turn) => turn['error_code']),
    [null, 'pictures_not_accepted'],
  );
});

test('a repeated request with the same idempotency key stores its pictures once', async (t) => {
  const app = await startWith(t, [EYES]);
  const send = (...urls: string[]) =>
    call<OpenAI.ChatCompletion>(app.url, '/v1/chat/completions', {
      body: { model: 'turnkeeper', user: 'ann', messages: [seen('What is it?', ...urls)] },
      headers: { 'idempotency-key': 'once' },
    });
  const [a, b] = await Promise.all([send(DATA), send(DATA)]);
  t.is(about(a.body).turn_id, about(b.body).turn_id);
  t.is((await send(LINK)).status, 422, 'other pictures are another request');
  t.is((await rows(app.databaseUrl, 'select 1 from turn_pictures')).length, 1);
});

test('a turn that is taken back from the queue by a message keeps its pictures', async (t) => {
  const app = await startWith(t, [EYES]);
  const { promise: joined, resolve } = Promise.withResolvers<void>();
  app.model.script(async ({ lastUserMessage }) => {
    if (lastUserMessage === 'first') await joined;
    return {};
  });
  await chat(app.url, { user_id: 'ann', text: 'first' });
  await waitForCall(app.model, 'first');
  const answer = ask(app, seen('What is it?', LINK));
  const waiting = await eventually('the turn is queued', async () => {
    const { body } = await call<{ items: TurnJson[] }>(app.url, '/users/ann/turns?status=queued');
    return body.items[0] ?? false;
  });
  const merged = await chat(app.url, {
    user_id: 'ann',
    text: 'Tell me.',
    on_busy: 'merge',
    metadata: { session_id: waiting.session_id },
  });
  t.is(merged.turn_id, waiting.turn_id);
  resolve();
  await answer;
  const last = app.model.chatCalls.at(-1)!;
  t.regex(last.lastUserMessage, /What is it\?\s+Tell me\./);
  t.deepEqual(last.pictures, [sentPart(LINK, 'high')]);
});

test('a reviewer sees the pictures, and the export has them', async (t) => {
  const app = await startWith(t, [EYES]);
  const answer = await ask(app, seen('help me', LINK, DATA));
  const { turn_id: turnId, status } = about(answer);
  t.is(status, 'awaiting_review');
  const { body: page } = await call<{ items: { review_id: string }[] }>(app.url, '/reviews');
  const path = `/reviews/${page.items[0]!.review_id}`;
  t.false('pictures' in page.items[0]!, 'lists are short');
  t.deepEqual((await call(app.url, path)).body['pictures'], [LINK, DATA]);
  const decided = await call(app.url, `${path}/decision`, { body: { decision: 'approve' } });
  t.deepEqual(decided.body['pictures'], [LINK, DATA]);
  await waitForTurn(app.url, turnId);
  const later = about(await ask(app, seen('And this?', DATA)));
  await ask(app, { role: 'user', content: 'Thanks' });
  const { body: exported } = await call<{ pictures: object[] }>(app.url, '/users/ann/export');
  t.deepEqual(exported.pictures, [
    { turn_id: turnId, url: LINK, detail: 'high' },
    { turn_id: turnId, url: DATA, detail: 'high' },
    { turn_id: later.turn_id, url: DATA, detail: 'high' },
  ]);
  t.deepEqual((await call<{ pictures: object[] }>(app.url, '/users/bob/export')).body.pictures, []);
  const contents = (await delivered(app.url, 'ann')).map(({ content }) => content);
  t.deepEqual(
    contents.filter((content) => content.includes('data:')),
    [],
  );
});
