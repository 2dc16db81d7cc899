// Responses as real endpoints send them, and the replies in them.
import type { Usage } from '../../src/domain/turn.ts';
import {
  type Response,
  chunk,
  completion,
  data,
  DONE,
  error,
  HELLO,
  json,
  part,
  STOP,
  text,
  usage,
} from './response-parts.ts';

export interface Readable extends Response {
  /** Default: `Hello`. */
  readonly text?: string;
  readonly finishReason?: 'stop' | 'length';
  /** Default: null. */
  readonly usage?: Usage | null;
  readonly model?: string;
  /** The reply began with reasoning that had no opening mark. Its deltas are void. */
  readonly voided?: true;
}

const REASONING: readonly (readonly [what: string, content: string, text?: string])[] = [
  ['think', '<think>plan</think>Hello'],
  ['think and white space', '\n<think>\nplan\n</think>\n\nHello'],
  ['think in capitals', '<THINK>plan</Think>Hello'],
  ['two blocks', '<think>a</think>Hel<think>b</think>lo'],
  ['blocks in a block', '<think>a<think>b</think>c</think>Hello'],
  ['an unclosed block after text', 'Hello<think>plan'],
  ['thinking', '<thinking>plan</thinking>Hello'],
  ['thought', '<thought>plan</thought>Hello'],
  ['reasoning', '<reasoning>plan</reasoning>Hello'],
  ['seed:think', '<seed:think>plan</seed:think>Hello'],
  ['longcat_think', '<longcat_think>plan</longcat_think>Hello'],
  ['mm:think', '<mm:think>plan</mm:think>Hello'],
  ['antThinking', '<antThinking>plan</antThinking>Hello'],
  ['a channel of Gemma', '<|channel>thought\nplan<channel|>Hello'],
  ['unused tokens of Gemma', '<unused94>thought\nplan<unused95>Hello'],
  ['scratchpad', '<scratchpad>plan</scratchpad>Hello'],
  ['details', '<details type="reasoning" done="true">\n<summary>plan</summary>\nplan\n</details>\nHello'],
  ['◁think▷', '◁think▷plan◁/think▷Hello'],
  ['[THINK]', '[THINK]plan[/THINK]Hello'],
  ['<|START_THINKING|>', '<|START_THINKING|>plan<|END_THINKING|>Hello'],
  ['channels', '<|channel|>analysis<|message|>plan<|end|><|start|>assistant<|channel|>final<|message|>Hello'],
  ['a mark in code in reasoning', '<think>`</think>Hello'],
];
const NO_REASONING: readonly (readonly [what: string, content: string])[] = [
  ['code', 'Write `<think>` and `</think>`, then <b>bold</b>.'],
  ['a block of code', '```html\n<think>x</think>\n```\nDone.'],
  ['an element that is named so', 'The answer: <reasoning>x</reasoning>'],
  ['an unfinished mark', 'a < b <thi'],
  ['white space at its start', '  Hello'],
];

const twice = (what: string, content: string, expected: string): Readable[] => [
  { what: `a reply with ${what}`, body: text(content) + STOP + DONE, text: expected },
  { what: `a completion with ${what}`, type: 'application/json', body: completion({ content }), text: expected },
];

const USAGES: readonly (readonly [what: string, value: unknown, Usage | null])[] = [
  ['whole numbers', { prompt_tokens: 12, completion_tokens: 3 }, { inputTokens: 12, outputTokens: 3 }],
  ['fractions', { prompt_tokens: 12.5, completion_tokens: 3.2 }, { inputTokens: 13, outputTokens: 3 }],
  ['one fraction', { prompt_tokens: 12.5 }, { inputTokens: 13, outputTokens: 0 }],
  ['texts that are numbers', { prompt_tokens: '12', completion_tokens: '3' }, { inputTokens: 12, outputTokens: 3 }],
  ['a total', { prompt_tokens: 12, total_tokens: 15 }, { inputTokens: 12, outputTokens: 3 }],
  ['other names', { input_tokens: 12, output_tokens: 3 }, { inputTokens: 12, outputTokens: 3 }],
  ['negative numbers', { prompt_tokens: -1, completion_tokens: -3 }, null],
  ['texts', { prompt_tokens: 'many', completion_tokens: '' }, null],
  ['huge numbers', { prompt_tokens: 1e300, completion_tokens: 2 ** 31 }, null],
  ['other values', { prompt_tokens: null, completion_tokens: {} }, null],
  ['a list', [1, 2], null],
  ['a text', 'none', null],
  ['null', null, null],
];

export const READABLE: readonly Readable[] = [
  {
    what: 'a list of parts',
    body: text([{ type: 'thinking', thinking: [part('text', 'plan')] }, part('text', 'Hello')]) + STOP,
  },
  {
    what: 'parts of other types',
    body: text([part('reasoning', 'plan'), part('output_text', 'Hel'), 'lo', { type: 'image_url' }, null, 5]) + STOP,
  },
  { what: 'one part', body: text(part('text', 'Hello')) + STOP },
  {
    what: 'a part whose text has a value',
    body: text([{ type: 'text', text: { value: 'Hello', annotations: [] } }]) + STOP,
  },
  {
    what: 'a part that is a thought',
    body: text([{ ...part('text', 'plan'), thought: true }, part('text', 'Hello')]) + STOP,
  },
  {
    what: 'fields for reasoning',
    body:
      chunk({ reasoning_content: 'plan', reasoning: 'plan', reasoning_details: [part('text', 'plan')] }) + HELLO + STOP,
  },
  {
    what: 'the whole text beside each piece',
    body:
      [
        ['Hel', 'Hel'],
        ['lo', 'Hello'],
      ]
        .map(([piece, whole]) => data({ choices: [{ delta: { content: piece }, message: { content: whole } }] }))
        .join('') + STOP,
  },
  {
    what: 'the whole text in each event',
    body: ['Hel', 'Hello', 'Hello'].map((content) => data({ choices: [{ message: { content } }] })).join('') + STOP,
  },
  {
    what: 'the whole text again at its end',
    body: HELLO + data({ choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }] }),
  },
  { what: 'text in the choice', body: data({ choices: [{ text: 'Hello', finish_reason: 'stop' }] }) },
  { what: 'the limit of tokens', body: HELLO + chunk({}, 'length') + DONE, finishReason: 'length' },
  ...['max_tokens', 'MAX_TOKENS', 'model_length', ' length ', 'max-tokens', 'maxTokens', 'max_new_tokens'].map(
    (word) => ({
      what: `the end ${word}`,
      body: HELLO + chunk({}, word),
      finishReason: 'length' as const,
    }),
  ),
  ...['STOP', 'end_turn', 'eos_token', 'tool_calls', 'function_call', 'tool-calls', 'endTurn', 'normal'].map(
    (word) => ({
      what: `the end ${word}`,
      body: HELLO + chunk({}, word),
    }),
  ),
  { what: 'the end of Google', body: HELLO + chunk({}, 'FINISH_REASON_UNSPECIFIED') + chunk({}, 'FINISH_REASON_STOP') },
  {
    what: 'an end that is followed by none',
    body: text('Hello') + chunk({}, 'length') + chunk({}, null) + chunk({}, '') + DONE,
    finishReason: 'length',
  },
  { what: 'text after its end', body: chunk({ content: 'Hel' }, 'stop') + chunk({ content: 'lo' }, 'stop') + DONE },
  {
    what: '[DONE] and usage, but no end',
    body: HELLO + usage({ prompt_tokens: 1, completion_tokens: 2 }) + DONE,
    usage: { inputTokens: 1, outputTokens: 2 },
  },
  { what: '[DONE] in small letters', body: HELLO + data('[done]') },
  { what: '[DONE] in quotation marks', body: HELLO + data('"[DONE]"') },
  { what: 'empty ends and [DONE]', body: chunk({ content: 'Hello' }, '') + chunk({ content: '' }, 'null') + DONE },
  { what: 'events without data', body: `data:\n\ndata: \n\nevent: ping\n\n${HELLO}data:\n\n${STOP}${DONE}` },
  {
    what: 'signs of life',
    body: `: ping\n\ndata: ping\n\nevent: ping\ndata: {"type":"ping"}\n\nevent: beat\ndata: {\n\n${HELLO}${STOP}${DONE}`,
  },
  {
    what: 'values that are no chunks',
    body:
      data('null') +
      data('5') +
      data('[]') +
      data({}) +
      data({ choices: null }) +
      data({ choices: [null] }) +
      data({ choices: {} }) +
      HELLO +
      STOP,
  },
  {
    what: 'deltas that are no objects',
    body:
      data({ choices: [{ delta: null }] }) + data({ choices: [{ delta: 'x' }] }) + text(null) + text(5) + HELLO + STOP,
  },
  {
    what: 'an error without content',
    body: data({ error: { code: null, message: '' }, choices: [{ delta: { content: 'Hello' } }] }) + STOP,
  },
  { what: 'errors that are none', body: data({ error: null, choices: [{ delta: { content: 'Hello' } }] }) + STOP },
  { what: 'an error after its end', body: HELLO + STOP + error({ message: 'usage is unavailable', code: 500 }) + DONE },
  { what: 'half an event after its end', body: `${HELLO}${STOP}data: {"choices": [], "usage": {` },
  {
    what: 'no name of the model',
    body: data({ model: { id: 5 }, choices: [{ delta: { content: 'Hello' } }] }) + STOP.replace('"m"', 'null'),
    model: 'called',
  },
  {
    what: 'a name of the model that cannot be stored',
    body: data({ model: `a\0b${'x'.repeat(500)}`, choices: [{ delta: { content: 'Hello' }, finish_reason: 'stop' }] }),
    model: `ab${'x'.repeat(198)}`,
  },
  {
    what: 'NUL and lone surrogates',
    body:
      text('He\0l') +
      `data: {"choices":[{"delta":{"content":"lo\\ud83d"}}]}\n\n` +
      `data: {"choices":[{"delta":{"content":"\\ude00\\ud83d"},"finish_reason":"stop"}]}\n\n`,
    text: 'Hello😀�',
  },
  {
    what: 'usage in its choice',
    body:
      HELLO +
      data({ choices: [{ delta: {}, finish_reason: 'stop', usage: { prompt_tokens: 1, completion_tokens: 2 } }] }),
    usage: { inputTokens: 1, outputTokens: 2 },
  },
  {
    what: 'usage in each chunk',
    body:
      chunk({ content: 'Hello' }, null, { usage: { prompt_tokens: 1, completion_tokens: 1 } }) +
      chunk({}, 'stop', { usage: { prompt_tokens: 1, completion_tokens: 2 } }),
    usage: { inputTokens: 1, outputTokens: 2 },
  },
  {
    what: 'usage in another member',
    body: HELLO + chunk({}, 'stop', { x_groq: { usage: { prompt_tokens: 1, completion_tokens: 2 } } }),
    usage: { inputTokens: 1, outputTokens: 2 },
  },
  ...USAGES.map(([what, value, expected]) => ({
    what: `usage of ${what}`,
    body: HELLO + STOP + usage(value) + DONE,
    usage: expected,
  })),
  ...REASONING.flatMap(([what, content, expected = 'Hello']) => twice(what, content, expected)),
  ...NO_REASONING.flatMap(([what, content]) => twice(what, content, content)),
  {
    what: 'reasoning without an opening mark',
    body: text('plan') + text('</think>\n\nHel') + text('lo') + STOP,
    voided: true,
  },
  {
    what: 'a completion',
    type: 'application/json; charset=utf-8',
    body: completion({ role: 'assistant', content: 'Hello' }, 'stop', {
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    }),
    usage: { inputTokens: 1, outputTokens: 2 },
  },
  { what: 'a completion without an end', type: 'application/json', body: completion({ content: 'Hello' }, null) },
  {
    what: 'a completion of parts',
    type: 'application/json',
    body: completion({ content: [part('thinking', 'plan'), part('text', 'Hello')], reasoning_content: 'plan' }),
  },
  {
    what: 'a completion in several lines',
    type: 'application/json',
    body: `\n${JSON.stringify(JSON.parse(completion({ content: 'Hello' }, 'length')), null, 2)}\n`,
    finishReason: 'length',
  },
  { what: 'a completion as a stream', body: completion({ content: 'Hello' }) },
  { what: 'a completion as one event', body: data(completion({ content: 'Hello' })) + DONE },
  { what: 'events without empty lines', body: (HELLO + STOP + DONE).replaceAll('\n\n', '\n') },
  { what: 'events without empty lines and without an end', body: (HELLO + DONE).replaceAll('\n\n', '\n') },
  {
    what: 'chunks in a list',
    type: 'application/json',
    body: `[${json({ choices: [{ delta: { content: 'Hel' } }] })}\n,\r\n${json({ choices: [{ delta: { content: 'lo' }, finish_reason: 'stop' }] })}\n]`,
  },
  {
    what: 'a chunk in several lines',
    type: 'application/json',
    body: JSON.stringify({ choices: [{ delta: { content: 'Hello' }, finish_reason: 'stop' }] }, null, 2),
  },
  {
    what: 'chunks as lines and [DONE]',
    type: 'application/x-ndjson',
    body: `${json({ choices: [{ delta: { content: 'Hel' } }] })}\n\n${json({ choices: [{ delta: { content: 'lo' } }] })}\n[DONE]\n`,
  },
  {
    what: 'chunks as lines',
    type: 'application/x-ndjson',
    body: `${json({ choices: [{ delta: { content: 'Hel' } }] })}\n${json({ choices: [{ delta: { content: 'lo' }, finish_reason: 'stop' }] })}\n`,
  },
  ...['text/html', 'text/plain', 'application/json', 'application/octet-stream', ''].map((type) => ({
    what: `a stream of the type ${type || 'unknown'}`,
    type,
    body: HELLO + STOP + DONE,
  })),
];
