// OpenAI's unmodified Python client. The test is skipped if Python is not available.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { startApp } from '../support/app.ts';
import { hangSlowCalls } from '../support/held-model.ts';
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
    case 'restarted':
      return attempt === 1 ? { text: 'this is never sent', delayMs: 300, trickleMs: 100, reset: 4 } : {};
    default:
      return {};
  }
}

interface Results {
  readonly [scenario: string]: unknown;
  readonly errors: Readonly<Record<string, { readonly message: string }>>;
}

(python === undefined ? test.skip : test)('the client for Python works unchanged', async (t) => {
  t.timeout(120_000);
  const { url, model } = await startApp(t);
  model.script(hangSlowCalls((call) => (call.kind === 'chat' ? answerTo(call) : {})));
  const { stdout } = await promisify(execFile)(python!, [SCENARIOS, url], { timeout: 100_000 });
  const results = JSON.parse(stdout) as Results;
  t.deepEqual(results['models'], ['turnkeeper', 'scripted']);
  t.like(results['plain'], { text: 'echo: hello', finish: 'stop', status: 'completed' });
  t.like(results['streamed'], { text: WORDS });
  t.true((results['streamed'] as { chunks: number }).chunks > 5, 'the reply has several chunks');
  t.is(results['repeated'], 'echo: late');
  t.is(model.count('late'), 1);
  t.deepEqual(results['background'], {
    accepted: 'queued',
    cancelled: ['cancelled', 'cancelled'],
    final: 'completed',
    text: 'echo: next',
  });
  t.deepEqual(results['resumed'], { text: WORDS, whole: WORDS, increasing: true });
  t.is(results['helper'], WORDS);
  t.like(results['held'], {
    status: 'awaiting_review',
    response: 'in_progress',
    response_status: 'awaiting_review',
  });
  t.regex((results['held'] as { content: string }).content, /awaiting human review/);
  const { errors } = results;
  t.like(errors['invalid'], { name: 'BadRequestError', code: 'invalid_request' });
  t.like(errors['model'], { name: 'NotFoundError', code: 'model_not_found' });
  t.like(errors['unknown'], { name: 'NotFoundError', code: 'turn_not_found' });
  t.like(errors['failed'], { name: 'UnprocessableEntityError', status: 422, code: 'turn_failed' });
  t.like(errors['failed_stream'], { name: 'APIError', code: 'turn_failed' });
  t.like(errors['restarted'], { name: 'APIError', code: 'turn_unfinished' });
});
