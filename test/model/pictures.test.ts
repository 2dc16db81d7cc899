// Which models take pictures, and how calls with pictures look.
import test from 'ava';
import { NO_PARAMETERS, NO_TRAITS, SYSTEM_ROLES } from '../../src/domain/assistants/assistant.ts';
import { takesPictures } from '../../src/domain/pictures/picture-models.ts';
import { callBody } from '../../src/model/call-body.ts';
import { fitting } from '../../src/model/fitted-prompt.ts';
import type { Message } from '../../src/model/model.ts';
import { EndpointProfile } from '../../src/model/profile.ts';

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

const TAKE =
  words(`gpt-4o gpt-4o-mini gpt-4o-2024-08-06 chatgpt-4o-latest gpt-4.1 gpt-4.1-nano gpt-4.5-preview gpt-4-turbo
  gpt-4-turbo-2024-04-09 gpt-4-vision-preview gpt-5 gpt-5-mini gpt-5.2-pro gpt-6 o1 o1-pro o1-2024-12-17 o3 o3-pro
  o3-deep-research o4-mini openai/gpt-4o azure/eu/gpt-4.1-mini ft:gpt-4o-2024-08-06:acme::id GPT-4O`);
const TAKE_NOT =
  words(`o1-mini o1-preview o3-mini o3-mini-2025-01-31 gpt-3.5-turbo gpt-35-turbo gpt-4 gpt-4-0613 gpt-4-32k
  gpt-4-turbo-preview gpt-oss-120b gpt-4o-audio-preview gpt-4o-mini-tts gpt-4o-transcribe gpt-4o-realtime-preview
  gpt-4o-search-preview llama-3.3-70b mistral o10 gpt-50 my-gpt-4o openai/o3-mini ft:gpt-3.5-turbo:acme::id turnkeeper`);

test('OpenAI’s families take pictures or not, unless the operator says it', (t) => {
  for (const model of TAKE) t.true(takesPictures({ model, traits: NO_TRAITS }), model);
  for (const model of TAKE_NOT) t.false(takesPictures({ model, traits: NO_TRAITS }), model);
  for (const model of [...TAKE, ...TAKE_NOT]) {
    t.true(takesPictures({ model, traits: { ...NO_TRAITS, images: true } }), model);
    t.false(takesPictures({ model, traits: { ...NO_TRAITS, images: false } }), model);
  }
});

const pictures = [
  { url: 'https://pictures.test/a.png', detail: 'low' as const },
  { url: 'data:image/png;base64,iVBORw0KGgo=', detail: null },
];
const PARTS = [
  { type: 'image_url', image_url: { url: 'https://pictures.test/a.png', detail: 'low' } },
  { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
];
const SYSTEM: Message = { role: 'system', content: 'Be kind.' };
const EARLIER: readonly Message[] = [
  { role: 'user', content: 'Hi', pictures: [] },
  { role: 'assistant', content: 'Hello' },
];
const LAST: Message = { role: 'user', content: 'What is it?', pictures };

const sent = (messages: readonly Message[], systemRole: (typeof SYSTEM_ROLES)[number] | null) =>
  callBody(
    { messages },
    { model: 'm', isOpenAi: false, traits: { ...NO_TRAITS, systemRole }, parameters: NO_PARAMETERS },
    new EndpointProfile(() => {}),
  ).messages;

test('a message with pictures is a list of the text and the pictures, and all others are texts', (t) => {
  for (const role of ['system', 'developer'] as const)
    t.deepEqual(sent([SYSTEM, ...EARLIER, LAST], role), [
      { role, content: 'Be kind.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello' },
      { role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...PARTS] },
    ]);
});

test('without system messages their text comes before the text of the first message, also if it has pictures', (t) => {
  t.deepEqual(sent([SYSTEM, LAST], 'user'), [
    { role: 'user', content: [{ type: 'text', text: 'Be kind.\n\nWhat is it?' }, ...PARTS] },
  ]);
  t.deepEqual(sent([SYSTEM, ...EARLIER, LAST], 'user'), [
    { role: 'user', content: 'Be kind.\n\nHi' },
    { role: 'assistant', content: 'Hello' },
    { role: 'user', content: [{ type: 'text', text: 'What is it?' }, ...PARTS] },
  ]);
});

test('pictures count in the budget of tokens, whatever their size', async (t) => {
  const count = async (text: string) => words(text).length;
  const fits = (limit: number, last: Message) =>
    fitting({ exchanges: [EARLIER], messages: () => [SYSTEM, last] }, limit, count);
  // 3 for the start, 4 for each message, and 7 words in all.
  const texts = 3 + 4 * 4 + 7;
  t.is(await fits(texts, { role: 'user', content: 'What is it?' }), 1);
  t.is(await fits(texts - 1, { role: 'user', content: 'What is it?' }), 0);
  t.is(await fits(texts + 2 * 1_700, LAST), 1);
  t.is(await fits(texts + 2 * 1_700 - 1, LAST), 0);
});
