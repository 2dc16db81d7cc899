// Numbers in metadata: returned with the same value, or refused. They are never changed.
import test from 'ava';
import { isExactNumber } from '../../src/domain/exact-number.ts';
import { startApp } from '../support/app.ts';

const KEPT = [
  '0 -0 1 -17 1.5 0.1 1e5 1E5 1.50 100000 0.30000000000000004 1e-7 1e300 0e999',
  '9007199254740991 9007199254740992 -9007199254740991 12345678901234 1700000000000',
].flatMap((line) => line.split(' '));
const CHANGED = [
  '653247040368672768 9007199254740993 -9007199254740993 12345678901234567890 1234567890123456789',
  '3.141592653589793238 1e400 -1e400 1e-400 653247040368672768.0 6.53247040368672768e17',
  '0.1000000000000000055511151231257827 99999999999999999999999999999999',
].flatMap((line) => line.split(' '));

test('a number is exact if it is written with the same value after it was parsed', (t) => {
  for (const number of KEPT) t.true(isExactNumber(number), number);
  for (const number of CHANGED) t.false(isExactNumber(number), number);
});

const FORMS = [
  (number: string) => [`{"n":${number}}`, '/metadata/n'],
  (number: string) => [`{"a": {"ids" : [1,\n ${number} ]}}`, '/metadata/a/ids/1'],
  (number: string) => [`{"a/b":[${number}],"text":"653247040368672768, 1e5"}`, '/metadata/a~1b/0'],
] as const;

test('metadata returns the numbers that were sent, or the request is refused with a pointer to each', async (t) => {
  const { url } = await startApp(t, { settings: { QUEUE_LIMIT_PER_USER: '1000' } });
  const post = async (metadata: string) => {
    const response = await fetch(`${url}/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"user_id":"ann","text":"Hi","metadata":${metadata}}`,
    });
    return { status: response.status, text: await response.text() };
  };
  for (const form of FORMS) {
    for (const number of KEPT) {
      const [metadata] = form(number);
      const { status, text } = await post(metadata!);
      t.is(status, 202, metadata);
      const { turn_id: turnId } = JSON.parse(text) as { turn_id: string };
      const turn = (await (await fetch(`${url}/turns/${turnId}`)).json()) as { metadata: object };
      t.like(turn.metadata, JSON.parse(metadata!.replaceAll('-0', '0')) as object);
    }
    for (const number of CHANGED) {
      const [metadata, pointer] = form(number);
      const { status, text } = await post(metadata!);
      t.is(status, 400, metadata);
      t.like(JSON.parse(text), { code: 'invalid_request', errors: [{ pointer }] });
    }
  }
});

test('a number in metadata of OpenAI’s API is refused; an ignored parameter may have any number', async (t) => {
  const { url } = await startApp(t);
  const post = async (more: string) => {
    const response = await fetch(`${url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"model":"turnkeeper","input":"Hi",${more}}`,
    });
    return response.status;
  };
  t.is(await post('"metadata":{"n":653247040368672768}'), 400);
  t.is(await post('"metadata":{"n":"653247040368672768"}'), 200);
  t.is(await post('"seed":653247040368672768,"temperature":0.1000000000000000055511151231257827'), 200);
});
