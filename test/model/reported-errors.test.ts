// Errors as real endpoints write them, and what they mean.
import test from 'ava';
import { reportedError } from '../../src/model/failure.ts';
import type { ModelErrorCode } from '../../src/model/model.ts';

/** An error in the form of OpenAI. */
const error = (message: string, more: object = {}) => ({
  error: { message, type: 'invalid_request_error', param: null, code: null, ...more },
});

/** Prompts that are too long. */
const TOO_LONG: readonly unknown[] = [
  ...[
    'The decoder prompt (length 9000) is longer than the maximum model length of 8192.',
    "However, the model's context length is only 8192 tokens, resulting in a maximum input length of 8192 tokens.",
    'max_tokens must be at least 1, got -500.',
    'request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it',
    'prompt too long; exceeded max context length by 123 tokens',
    'input length exceeds the context length',
    'prompt is too long: 210000 tokens > 200000 maximum',
    'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000',
    'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).',
    'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
    'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens',
    'Input validation error: `inputs` must have less than 4096 tokens. Given: 5000',
    'Too many input tokens. Max input tokens: 128000, request input token count: 130000',
    'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.',
    "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
    '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]',
    'Prompt exceeds max length',
    'Invalid request: Your request exceeded model token limit: 131072 (requested: 140000)',
    "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
    'Input length (9000 tokens) exceeds the maximum allowed length (8186 tokens). Use a shorter input.',
    'The number of tokens to keep from the initial prompt is greater than the context length.',
    'However, the model is loaded with context length of only 4096 tokens, which is not enough.',
    'Prompt length 9000 is greater than max_seq_len 8192',
    'Prompt length (9000) exceeds maximum input length (8192).',
    'Total tokens of image and text exceed max message tokens',
    'Please reduce the length of the messages or completion.',
    'Input tokens exceed the configured limit of 272000 tokens.',
    'Your input exceeds the context window of this model. Please adjust your input and try again.',
    'The estimated number of input and maximum output tokens (9000) exceeded this model context window limit (8192).',
    'litellm.ContextWindowExceededError: no',
  ].map((message) => error(message)),
  error('no', { code: 'model_max_prompt_tokens_exceeded' }),
  error('Provider returned error', {
    metadata: { raw: '{"error":{"message":"This model\'s maximum context length is 8192 tokens."}}' },
  }),
];
for (const body of TOO_LONG)
  test(`the prompt is too long: ${JSON.stringify(body)}`, (t) => {
    t.like(reportedError({ status: 400, body, retryAfterMs: null }), { code: 'model_context_too_long' });
  });

const GOOGLE_LIMIT =
  'You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: free_tier_requests, limit: 15\nPlease retry in 35.3s.';

const OTHERS: readonly (readonly [status: number, body: unknown, code: ModelErrorCode])[] = [
  [400, error('max_tokens is too large: 100000.', { param: 'max_tokens' }), 'model_invalid_request'],
  [400, error('max_tokens (9000) exceeds the maximum output tokens limit of 8192'), 'model_invalid_request'],
  [400, error('Image size exceeds the maximum allowed size of 5 MB'), 'model_invalid_request'],
  [400, error('The number of stop sequences exceeds the limit of 4'), 'model_invalid_request'],
  [400, error('Invalid model output format'), 'model_invalid_request'],
  [429, error('Limit 10000, Used 9000, Requested 2000.', { code: 'rate_limit_exceeded' }), 'model_rate_limited'],
  [429, error('Too many tokens, please wait before trying again.'), 'model_rate_limited'],
  [429, [{ error: { code: 429, message: GOOGLE_LIMIT, status: 'RESOURCE_EXHAUSTED' } }], 'model_rate_limited'],
  [429, error('You exceeded your current quota, please check your plan.'), 'model_quota_exhausted'],
  [429, { error: { code: '1113', message: '余额不足或无可用资源包,请充值。' } }, 'model_quota_exhausted'],
  [412, error('Account x is suspended, possibly due to reaching the monthly spending limit'), 'model_quota_exhausted'],
  [400, { code: 'ThrottlingException', message: 'no' }, 'model_rate_limited'],
  [400, [{ error: { code: 400, status: 'INVALID_ARGUMENT', message: 'API key not valid.' } }], 'model_unauthorized'],
  [400, { code: 'invalid argument', error: 'Incorrect API key provided: xx.' }, 'model_unauthorized'],
  [400, { type: 'error', error: { type: 'authentication_error', message: 'no' } }, 'model_unauthorized'],
  [400, { error: { message: 'foo/bar is not a valid model ID', code: 400 } }, 'model_not_found'],
  [400, error('Model Not Exist'), 'model_not_found'],
  [400, error("Invalid model 'foo'. Permitted models can be found in the documentation"), 'model_not_found'],
  [400, error('/chat/completions: Invalid model name passed in model=foo.'), 'model_not_found'],
  [400, error('The model `foo` does not exist.', { code: 'model_not_found' }), 'model_not_found'],
  [403, { error: { code: 403, message: 'Input was flagged', metadata: { reasons: ['x'] } } }, 'model_refused'],
  [400, error('Content Exists Risk'), 'model_refused'],
  [400, error('Output blocked by content filtering policy'), 'model_refused'],
];
for (const [status, body, code] of OTHERS)
  test(`${code} of ${status} ${JSON.stringify(body)}`, (t) => {
    t.like(reportedError({ status, body, retryAfterMs: null }), { code });
  });

test('a prompt that is too long refuses no parameter, although the error names one', (t) => {
  const message =
    "'max_tokens' is too large: 800. This model's maximum context length is 4096 tokens and your request has 3500.";
  const body = { object: 'error', message, type: 'BadRequestError', param: 'max_tokens', code: 400 };
  t.like(reportedError({ status: 400, body, retryAfterMs: null }), { code: 'model_context_too_long', refusal: null });
});
