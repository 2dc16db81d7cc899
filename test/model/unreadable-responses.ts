// Responses as real endpoints send them that have no whole reply, and what they mean.
import type { ModelErrorCode } from '../../src/model/model.ts';
import { type Response, chunk, data, DONE, error, HELLO, json, STOP, text, usage } from './response-parts.ts';

export interface Unreadable extends Response {
  readonly code: ModelErrorCode;
  readonly retryable: boolean;
}

const ERRORS: readonly (readonly [what: string, value: unknown, ModelErrorCode, retryable: boolean])[] = [
  ['the status 400', { message: 'no', code: 400 }, 'model_invalid_request', false],
  ['the status 400 as text', { message: 'no', code: '400' }, 'model_invalid_request', false],
  ['the status 401', { message: 'no', status: 401 }, 'model_unauthorized', false],
  ['the status 402', { message: 'no', code: 402 }, 'model_quota_exhausted', false],
  ['the status 404', { message: 'no', code: 404 }, 'model_not_found', false],
  ['the status 429', { message: 'no', code: 429 }, 'model_rate_limited', true],
  ['the status 502', { message: 'no', code: 502 }, 'model_unavailable', true],
  ['a type', { message: 'no', type: 'invalid_request_error' }, 'model_invalid_request', false],
  ['a type of vLLM', { message: 'no', type: 'BadRequestError', code: 400 }, 'model_invalid_request', false],
  ['a status of Google', { message: 'no', code: 429, status: 'RESOURCE_EXHAUSTED' }, 'model_rate_limited', true],
  [
    'a used up quota',
    { message: 'no', type: 'insufficient_quota', code: 'insufficient_quota' },
    'model_quota_exhausted',
    false,
  ],
  [
    'a long prompt',
    { message: 'no', type: 'invalid_request_error', code: 'context_length_exceeded' },
    'model_context_too_long',
    false,
  ],
  [
    'a long prompt in its text',
    { message: "This model's maximum context length is 8192 tokens.", code: 400 },
    'model_context_too_long',
    false,
  ],
  ['refused content', { message: 'no', code: 'content_filter', innererror: {} }, 'model_refused', false],
  ['an overload', { type: 'overloaded_error', message: 'Overloaded' }, 'model_unavailable', true],
  ['a text', 'something is wrong', 'model_unavailable', true],
  ['nothing', {}, 'model_unavailable', true],
];

export const UNREADABLE: readonly Unreadable[] = [
  ...ERRORS.map(([what, value, code, retryable]) => ({
    what: `an error event with ${what}`,
    body: error(value),
    code,
    retryable,
  })),
  ...ERRORS.map(([what, value, code, retryable]) => ({
    what: `an error body with ${what}`,
    type: 'application/json',
    body: json({ error: value }),
    code,
    retryable,
  })),
  {
    what: 'an error in the middle',
    body: text('Hel') + error({ message: 'no', code: 400 }) + DONE,
    code: 'model_invalid_request',
    retryable: false,
  },
  {
    what: 'an error in a choice',
    body: text('Hel') + data({ choices: [{ delta: { content: '' }, finish_reason: 'error', error: { code: 502 } }] }),
    code: 'model_unavailable',
    retryable: true,
  },
  {
    what: 'an error beside a choice',
    body: data({ error: { code: 400 }, choices: [{ delta: {}, finish_reason: 'stop' }] }),
    code: 'model_invalid_request',
    retryable: false,
  },
  {
    what: 'an error object',
    body: data({ object: 'error', message: 'no', type: 'BadRequestError', code: 400 }),
    code: 'model_invalid_request',
    retryable: false,
  },
  {
    what: 'an error in a list',
    type: 'application/json',
    body: json([{ error: { code: 400, status: 'INVALID_ARGUMENT' } }]),
    code: 'model_invalid_request',
    retryable: false,
  },
  {
    what: 'an error without an error member',
    body: data({ code: 'InvalidParameter', message: 'no', request_id: 'r' }),
    code: 'model_invalid_request',
    retryable: false,
  },
  {
    what: 'an error of Anthropic',
    body: `event: error\n${data({ type: 'error', error: { type: 'authentication_error', message: 'no' } })}`,
    code: 'model_unauthorized',
    retryable: false,
  },
  {
    what: 'an error of MiniMax',
    body: data({ base_resp: { status_code: 1004, status_msg: 'no' } }),
    code: 'model_unavailable',
    retryable: true,
  },
  {
    what: 'a list of errors',
    type: 'application/json',
    body: json({ success: false, errors: [{ code: 400, message: 'no' }] }),
    code: 'model_invalid_request',
    retryable: false,
  },
  {
    what: 'an error event that is text',
    body: 'event: error\ndata: insufficient balance\n\n',
    code: 'model_quota_exhausted',
    retryable: false,
  },
  { what: 'a refusal', body: chunk({ refusal: 'I cannot' }) + STOP, code: 'model_refused', retryable: false },
  {
    what: 'a refusal part',
    body: text([{ type: 'refusal', refusal: 'I cannot' }]) + STOP,
    code: 'model_refused',
    retryable: false,
  },
  ...['content_filter', 'SAFETY', 'sensitive', 'content-filter', 'FINISH_REASON_SAFETY'].map((word) => ({
    what: `the end ${word}`,
    body: HELLO + chunk({}, word) + DONE,
    code: 'model_refused' as const,
    retryable: false,
  })),
  ...['insufficient_system_resource', 'error', 'abort', 'network_error', 'unknown', 'constructor', 5].map((word) => ({
    what: `the end ${word}`,
    body: text('Hel') + chunk({}, word) + usage({ prompt_tokens: 1, completion_tokens: 1 }) + DONE,
    code: 'model_unavailable' as const,
    retryable: true,
  })),
  {
    what: 'empty ends and no [DONE]',
    body: chunk({ content: 'Hel' }, '') + chunk({ content: 'lo' }, ''),
    code: 'model_unavailable',
    retryable: true,
  },
  { what: 'no end', body: HELLO, code: 'model_unavailable', retryable: true },
  {
    what: 'usage but no end',
    body: HELLO + usage({ prompt_tokens: 1, completion_tokens: 1 }),
    code: 'model_unavailable',
    retryable: true,
  },
  { what: 'nothing', body: '', code: 'model_unavailable', retryable: true },
  {
    what: 'half of events without empty lines',
    body: `${text('Hel').trim()}\ndata: {"choices": [{"del`,
    code: 'model_malformed_reply',
    retryable: true,
  },
  { what: 'half an event', body: 'data: {"choices": [{"del', code: 'model_malformed_reply', retryable: true },
  {
    what: 'an unreadable event and no end',
    body: `${text('Hel')}data: upstream failed\n\n${DONE}`,
    code: 'model_malformed_reply',
    retryable: true,
  },
  { what: 'an empty reply', body: text('') + STOP + DONE, code: 'model_malformed_reply', retryable: true },
  { what: 'only reasoning', body: text('<think>plan</think>') + STOP, code: 'model_malformed_reply', retryable: true },
  {
    what: 'only reasoning up to the limit',
    body: text('<think>plan') + chunk({}, 'length') + DONE,
    code: 'model_malformed_reply',
    retryable: false,
  },
  {
    what: 'a page',
    type: 'text/html',
    body: '<!doctype html><h1>Sign in</h1>',
    code: 'model_malformed_reply',
    retryable: false,
  },
  { what: 'a page as a stream', body: '\n<html></html>', code: 'model_malformed_reply', retryable: false },
  { what: 'a text page', type: 'text/html', body: 'Please sign in', code: 'model_malformed_reply', retryable: false },
  { what: 'a text', type: 'text/plain', body: 'ok', code: 'model_malformed_reply', retryable: false },
  { what: 'one letter', type: 'text/plain', body: 'd', code: 'model_malformed_reply', retryable: false },
  {
    what: 'JSON that is no completion',
    type: 'application/json',
    body: '{"status": "ok"}',
    code: 'model_malformed_reply',
    retryable: false,
  },
  {
    what: 'half a completion',
    type: 'application/json',
    body: '{"choices": [{"message": {"content": "Hel',
    code: 'model_malformed_reply',
    retryable: true,
  },
];
