// Turns whose model endpoint speaks its own dialect, from the real socket to the row. test/model has all dialects.
import test from 'ava';
import { startApp } from '../support/app.ts';
import { call, chat, delivered, eventually, waitForTurn } from '../support/client.ts';
import type { ModelScript } from '../support/model.ts';
import { openEvents } from '../support/sse.ts';
import { park, reviewOf } from '../reviews/support.ts';

const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
const text = (content: unknown, finish: unknown = null): string =>
  data({ model: 'm', choices: [{ delta: { content }, finish_reason: finish }] });
const DONE = 'data: [DONE]\n\n';
const sends = (body: string, type?: string): ModelScript => ({ body: () => body, ...(type !== undefined && { type }) });

interface Row {
  readonly script: ModelScript;
  readonly reply?: string;
  readonly usage?: { readonly input_tokens: number; readonly output_tokens: number };
  readonly finish_reason?: string;
}

const ROWS: Readonly<Record<string, Row>> = {
  'a list of parts': {
    script: sends(
      text(
        [
          { type: 'thinking', thinking: 'plan' },
          { type: 'text', text: 'Hello' },
        ],
        'stop',
      ) + DONE,
    ),
  },
  'the limit of tokens': { script: sends(text('Hello', 'length') + DONE), finish_reason: 'length' },
  'a fraction as usage': {
    script: sends(text('Hello', 'stop') + data({ choices: [], usage: { prompt_tokens: 12.5 } }) + DONE),
    usage: { input_tokens: 13, output_tokens: 0 },
  },
  'usage that does not fit': {
    script: sends(text('Hello', 'stop') + data({ choices: [], usage: { prompt_tokens: 1e12 } }) + DONE),
  },
  'no end but [DONE] and usage': {
    script: sends(text('Hello') + data({ usage: { prompt_tokens: 1, completion_tokens: 2 } }) + DONE),
    usage: { input_tokens: 1, output_tokens: 2 },
  },
  'an event without data': { script: sends(`data:\n\n${text('Hello', 'stop')}${DONE}`) },
  'a completion': {
    script: sends('{"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}', 'application/json'),
  },
  reasoning: { script: sends(text('<thi') + text('nk>plan</th') + text('ink>\n\nHello', 'stop') + DONE) },
  'reasoning without an opening mark': { script: sends(text('plan</think>Hello', 'stop') + DONE) },
  'NUL and a lone surrogate': {
    script: sends(`data: {"model":"\\u0000","choices":[{"delta":{"content":"He\\u0000llo\\ud800"}}]}\n\n${DONE}`),
    reply: 'Hello\uFFFD',
  },
};

test('each dialect is understood: the turn, its row and its deltas have the reply, and no reasoning', async (t) => {
  const { url, model } = await startApp(t);
  model.script((one) => (one.kind === 'chat' ? ROWS[one.lastUserMessage]!.script : {}));
  for (const [what, { reply = 'Hello', usage = null, finish_reason = 'stop' }] of Object.entries(ROWS)) {
    const user = `user-${what.replaceAll(/\W/g, '-')}`;
    const accepted = await chat(url, { user_id: user, text: what });
    const events = await Array.fromAsync((await openEvents(url, accepted.turn_id)).events);
    const turn = await waitForTurn(url, accepted.turn_id);
    t.like(turn, { status: 'completed', reply, finish_reason, attempts: 1 }, what);
    t.deepEqual(turn.usage, usage, what);
    t.deepEqual(JSON.parse(events.at(-1)!.data), turn, what);
    t.notRegex(JSON.stringify(events), /plan/, what);
    t.deepEqual(
      (await delivered(url, user)).map(({ content }) => content),
      [what, reply],
      what,
    );
  }
});

test('deltas that turn out to be reasoning are void for the readers of the stream', async (t) => {
  const { url, model } = await startApp(t);
  const plan = 'plan '.repeat(20);
  model.script((one) => (one.kind === 'chat' ? { text: `${plan}</think>${'word '.repeat(20)}`, trickleMs: 30 } : {}));
  const accepted = await chat(url, { user_id: 'ann', text: 'hi' });
  const events = await Array.fromAsync((await openEvents(url, accepted.turn_id)).events);
  const begins = events.findLastIndex(({ event, data: value }) => event === 'turn' && value.includes('"running"'));
  const shown = events.slice(begins).filter(({ event }) => event === 'delta');
  const { reply, attempts } = await waitForTurn(url, accepted.turn_id);
  t.true(begins > 1);
  t.is(shown.map(({ data: value }) => (JSON.parse(value) as { text: string }).text).join(''), reply!);
  t.is(reply, 'word '.repeat(20));
  t.is(attempts, 1);
});

test('reasoning is not screened, parked or remembered', async (t) => {
  const { url, model } = await startApp(t, { settings: { REVIEW_KEYWORDS: 'urgent' } });
  model.script((one) =>
    one.kind === 'chat'
      ? { text: `<think>secret plan</think>Answer to ${one.lastUserMessage}` }
      : { text: '<think>secret plan, and the user said</think>Ann likes tea.' },
  );
  const turn = await park(url, 'ann', 'an urgent question');
  t.is((await reviewOf(url, turn.review!.review_id)).draft, 'Answer to an urgent question');
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'tea' })).turn_id);
  const memory = await eventually('a summary', async () => {
    const { body } = await call<{ user_summary: string; through_seq: number }>(url, '/memories/ann');
    return body.through_seq > 0 && body;
  });
  t.is(memory.user_summary, 'Ann likes tea.');
  t.notRegex(JSON.stringify([await delivered(url, 'ann'), model.calls.map(({ messages }) => messages)]), /secret/);
});

test('a summary that is only reasoning changes nothing', async (t) => {
  const { url, model } = await startApp(t, { settings: { MODEL_MAX_ATTEMPTS: '1' } });
  model.script((one) => (one.kind === 'chat' ? {} : { text: '<think>The user is Ann, a spy.' }));
  await waitForTurn(url, (await chat(url, { user_id: 'ann', text: 'tea' })).turn_id);
  const memory = await eventually('a summary', async () => {
    const { body } = await call<{ user_summary: string; through_seq: number }>(url, '/memories/ann');
    return body.through_seq > 0 && body;
  });
  t.notRegex(memory.user_summary, /spy/);
});
