// Parameters that real clients send although they change nothing: default values, and names of other servers.
import test, { type ExecutionContext } from 'ava';
import { start } from '../http/support/ingress.ts';

const CHAT = { model: 'turnkeeper', messages: [{ role: 'user', content: 'Hi' }] };
const RESPONSE = { model: 'turnkeeper', input: 'Hi' };

/** Parameters that only affect how the reply is generated. */
const SAMPLING = {
  temperature: 0.2,
  top_p: 1,
  max_tokens: -1,
  max_completion_tokens: 5,
  seed: 2 ** 64,
  stop: ['x'],
  presence_penalty: 0,
  frequency_penalty: 0,
  logit_bias: [[15_043, false]],
  reasoning: { effort: 'low' },
  reasoning_effort: 'none',
  verbosity: 'low',
  prediction: { type: 'content', content: 'a' },
  store: false,
  service_tier: 'auto',
  parallel_tool_calls: true,
  prompt_cache_key: 'a',
  safety_identifier: 'b',
  context_management: [{ type: 'compaction' }],
};

/** Parameters of other servers, with values that their clients send. */
const OF_SERVERS: Readonly<Record<string, string>> = {
  'llama.cpp': `{
    "top_k": 40, "min_p": 0.05, "typical_p": 1, "tfs_z": 1, "top_n_sigma": -1, "repeat_penalty": 1.1,
    "repeat_last_n": 64, "mirostat": 0, "mirostat_tau": 5, "samplers": "edkypmxt", "dry_multiplier": 0.8,
    "dry_sequence_breakers": [":"], "xtc_probability": 0.1, "dynatemp_range": 0, "n_predict": -1, "cache_prompt": true,
    "id_slot": -1, "timings_per_token": true, "reasoning_format": "auto", "n_probs": 0, "grammar": "", "json_schema": null,
    "speculative.n_max": 16, "reasoning_budget_tokens": -1, "n_cmpl": 1, "response_fields": []
  }`,
  'vLLM, SGLang, TGI': `{
    "repetition_penalty": 1.05, "length_penalty": 1, "stop_token_ids": [], "ignore_eos": false, "min_tokens": 0,
    "skip_special_tokens": true, "spaces_between_special_tokens": true, "use_beam_search": false, "best_of": 1,
    "guided_json": null, "guided_choice": null, "echo": false, "add_generation_prompt": true, "priority": 0,
    "chat_template_kwargs": {"enable_thinking": false}, "include_stop_str_in_output": false, "documents": null,
    "separate_reasoning": true, "do_sample": true, "watermark": false, "continue_final_message": false
  }`,
  'Ollama, LM Studio, MLX': `{
    "options": {"num_ctx": 8192}, "keep_alive": "5m", "think": false, "ttl": 300, "draft_model": "small",
    "num_ctx": 4096, "format": "", "template": null, "repetition_context_size": 20
  }`,
  'KoboldCpp, TabbyAPI, Text Generation Web UI': `{
    "rep_pen": 1.1, "rep_pen_range": 1024, "sampler_order": [6, 0], "top_a": 0, "typical": 1, "tfs": 1,
    "smoothing_factor": 0, "mode": "instruct", "character": "a", "ban_eos_token": false, "custom_token_bans": "",
    "guidance_scale": 1
  }`,
  'OpenRouter, Mistral, Qwen': `{
    "transforms": ["middle-out"], "provider": {"order": []}, "include_reasoning": true, "usage": {"include": true},
    "plugins": [], "safe_prompt": false, "random_seed": 1, "enable_thinking": false, "enable_search": false
  }`,
};

const DEFAULTS = {
  n: 1,
  tools: [],
  tool_choice: 'auto',
  top_logprobs: 0,
  moderation: null,
  metadata: {},
  stream: false,
  stream_options: { include_usage: true, include_obfuscation: false },
};

const CHAT_DEFAULTS = {
  functions: [],
  function_call: 'auto',
  modalities: ['text'],
  audio: null,
  response_format: { type: 'text' },
  logprobs: false,
  web_search_options: null,
};

/** Some clients write all members of an object. */
const WITH_NULLS = { type: 'text', json_schema: null, schema: null };

const RESPONSE_DEFAULTS = {
  background: false,
  conversation: null,
  include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
  instructions: 'Be kind.',
  max_output_tokens: 16,
  max_tool_calls: 3,
  previous_response_id: null,
  prompt: null,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  truncation: 'disabled',
};

const nulls = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, null]));

async function accepts(t: ExecutionContext, path: string, body: object): Promise<void> {
  const fixture = await start(t);
  fixture.nextOutcome = {
    outcome: 'repeated',
    turn: fixture.add({ userId: 'a', status: 'completed', reply: 'Hello' }),
  };
  const { status, text } = await fixture.call('POST', path, body);
  t.is(status, 200, text);
}

for (const [path, valid, defaults] of [
  ['/v1/chat/completions', CHAT, { ...DEFAULTS, ...CHAT_DEFAULTS }],
  ['/v1/responses', RESPONSE, { ...DEFAULTS, ...RESPONSE_DEFAULTS }],
] as const) {
  test(`${path} accepts parameters that only affect sampling`, (t) => accepts(t, path, { ...valid, ...SAMPLING }));
  for (const [server, json] of Object.entries(OF_SERVERS)) {
    test(`${path} accepts the parameters of ${server}, also as null`, async (t) => {
      const parameters = JSON.parse(json) as object;
      await accepts(t, path, { ...valid, ...parameters });
      await accepts(t, path, { ...valid, ...nulls(parameters) });
    });
  }
  test(`${path} accepts default values`, (t) => accepts(t, path, { ...valid, ...defaults }));
  test(`${path} accepts other forms of default values`, (t) =>
    accepts(t, path, { ...valid, tool_choice: 'none', stop: 'x', text: undefined, logit_bias: { 50_256: -100 } }));
  test(`${path} accepts null for every optional parameter`, (t) =>
    accepts(t, path, { ...valid, ...nulls({ ...SAMPLING, ...defaults, user: 0 }) }));
}

test('a text format with members that are null is accepted', async (t) => {
  await accepts(t, '/v1/chat/completions', { ...CHAT, response_format: WITH_NULLS });
  await accepts(t, '/v1/responses', { ...RESPONSE, text: { format: WITH_NULLS, verbosity: null } });
});

test('lists in a query, such as include[], are accepted, also repeated', async (t) => {
  const fixture = await start(t);
  const { call } = fixture;
  const { turnId } = fixture.add({ userId: 'a', status: 'completed', reply: 'Hello' });
  for (const query of ['include[]=a', 'include[]=a&include%5B%5D=b', 'include=a', 'include_obfuscation=false']) {
    t.is((await call('GET', `/v1/responses/resp_${turnId}?${query}`)).status, 200, query);
  }
  t.is((await call('GET', `/v1/responses/resp_${turnId}?stream=false&stream=false`)).status, 400);
});
