// OpenAI's own client for Python, unchanged; where there is no Python the test is reported as skipped.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { startApp } from '../support/app.ts';
import { holdSlow } from '../support/held-model.ts';
import type { ModelCall, ModelScript } from '../support/model.ts';
import { WORDS } from './support.ts';

const python = process.env['TURNKEEPER_TEST_PYTHON'];
const SCENARIOS = join(import.meta.dirname, 'client.py');

function answerTo({ lastUserMessage, attempt }: ModelCall): ModelScript {
  switch (lastUserMessage) {
    case 'words':
      return { text: WORDS, trickleMs: 20 };
    case 'late':
      return { delayMs: 1_500 };
    case 'fail':
      return { status: 400, text: 'no' };
    case 'anew':
      return attempt === 1 ? { text: 'this is never said', delayMs: 300, trickleMs: 100, reset: 4 } : {};
    default:
      return {};
  }
}

interface Seen {
  readonly [scenario: string]: unknown;
  readonly errors: Readonly<Record<string, { readonly message: string }>>;
}

(python === undefined ? test.skip : test)('the client for Python works unchanged', async (t) => {
  t.timeout(120_000);
  const { url, model } = await startApp(t);
  model.script(holdSlow((call) => (call.kind === 'chat' ? answerTo(call) : {})));
  const { stdout } = await promisify(execFile)(python!, [SCENARIOS, url], { timeout: 100_000 });
  const seen = JSON.parse(stdout) as Seen;
  t.deepEqual(seen['models'], ['scripted', 'turnkeeper']);
  t.like(seen['plain'], { text: 'echo: hello', finish: 'stop', status: 'completed' });
  t.like(seen['streamed'], { text: WORDS });
  t.true((seen['streamed'] as { chunks: number }).chunks > 5, 'it came in pieces');
  t.is(seen['repeated'], 'echo: late');
  t.is(model.count('late'), 1);
  t.deepEqual(seen['background'], {
    accepted: 'queued',
    cancelled: ['cancelled', 'cancelled'],
    ended: 'completed',
    text: 'echo: next',
  });
  t.deepEqual(seen['resumed'], { text: WORDS, whole: WORDS, grows: true });
  t.is(seen['helper'], WORDS);
  t.like(seen['held'], {
    status: 'awaiting_review',
    response: 'in_progress',
    response_status: 'awaiting_review',
  });
  t.regex((seen['held'] as { said: string }).said, /waits for a person/);
  const { errors } = seen;
  t.like(errors['faulty'], { name: 'BadRequestError', code: 'invalid_request' });
  t.like(errors['model'], { name: 'NotFoundError', code: 'model_not_found' });
  t.like(errors['unknown'], { name: 'NotFoundError', code: 'turn_not_found' });
  t.like(errors['failed'], { name: 'UnprocessableEntityError', status: 422, code: 'turn_failed' });
  t.like(errors['failed_stream'], { name: 'APIError', code: 'turn_failed' });
  t.like(errors['anew'], { name: 'APIError', code: 'turn_unfinished' });
});
