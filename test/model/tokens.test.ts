// Token counts: OpenAI's tokenizers for its models, and for others an estimate that is not too low.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { estimatedTokens, tokenCounterOf } from '../../src/model/tokens.ts';

const FOX = 'The quick brown fox jumps over the lazy dog.';

test('the models of OpenAI are counted with their tokenizers, under any provider name', async (t) => {
  for (const model of [
    'gpt-4o-mini',
    'openai/gpt-4.1',
    'gpt-5',
    'o3-mini',
    'gpt-4',
    'gpt-35-turbo',
    'openrouter/openai/gpt-4o',
  ])
    t.is(await tokenCounterOf(model)(FOX), 10, model);
  t.true((await tokenCounterOf('gpt-4o')('<|endoftext|>')) > 1, 'the name of a special token is text');
});

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const random = (characters: string) =>
  Array.from({ length: 3_000 }, (_, n) => characters[(n * 7919 + n * n) % characters.length]).join('');
const TEXTS: Readonly<Record<string, string>> = {
  prose: FOX.repeat(50),
  markdown: readme,
  code: readFileSync(import.meta.filename, 'utf8'),
  digits: '1234567890'.repeat(100),
  punctuation: '!@#$%^&*()'.repeat(100),
  base64: Buffer.from(random('abcdefghijk')).toString('base64'),
  gibberish: random('abcdefghijklmnopqrstuvwxyz '),
  German: 'Donaudampfschifffahrtsgesellschaftskapitän isst Würstchen. '.repeat(30),
  Russian: 'Съешь же ещё этих мягких французских булок. '.repeat(30),
  Chinese: '中文字符测试一下这个估算的结果。'.repeat(60),
  Hindi: 'नमस्ते दुनिया आप कैसे हैं '.repeat(40),
  emoji: '👩‍👩‍👧‍👦🎉❤️'.repeat(50),
  'white space': ' \n\t'.repeat(300),
  empty: '',
};
for (const [what, text] of Object.entries(TEXTS))
  test(`the estimate of ${what} is not below the count of any tokenizer`, async (t) => {
    const counts = await Promise.all(['gpt-4o', 'gpt-4'].map((model) => tokenCounterOf(model)(text)));
    t.is(await tokenCounterOf('llama-3.3-70b')(text), estimatedTokens(text));
    t.true(estimatedTokens(text) >= Math.max(...counts), `${estimatedTokens(text)} for ${counts.join(', ')}`);
  });

test('the estimate of prose is at most three times the count', async (t) => {
  t.true(estimatedTokens(readme) <= 3 * (await tokenCounterOf('gpt-4o')(readme)));
});

for (const [what, text] of Object.entries({
  letters: 'xq'.repeat(16_000),
  ideographs: '中文字'.repeat(10_000),
  spaces: ' '.repeat(32_000),
  emoji: '🙂'.repeat(16_000),
}))
  test(`a long run of ${what} without a break is counted quickly`, async (t) => {
    const count = tokenCounterOf('gpt-4o');
    await count(FOX);
    const startedAt = performance.now();
    t.true((await count(text)) > 0);
    t.true(performance.now() - startedAt < 2_000, `${Math.round(performance.now() - startedAt)} ms`);
  });
