// The assistants file: what it defines, and all its faults at once.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { assistantOfModel, modelNamesOf } from '../../src/domain/assistants/assistant.ts';
import { ownAssistant, parseAssistants, type AssistantsText } from '../../src/domain/assistants/assistants-file.ts';
import { temporaryFolder } from '../support/folder.ts';

const DEFAULTS = {
  endpoint: { baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'main' },
  model: 'main-model',
  exchanges: 5,
};

const textOf = (content: unknown, instructions: AssistantsText['instructions'] = {}): AssistantsText => ({
  main: { text: typeof content === 'string' ? content : JSON.stringify(content) },
  instructions,
});
const read = (content: unknown, environment = {}, instructions = {}) =>
  parseAssistants(textOf(content, instructions), { environment, allowPrivate: false });
const defined = (content: unknown, environment = {}, instructions = {}) => {
  const { definitions, faults } = read(content, environment, instructions);
  if (!definitions) throw new Error(faults.join('\n'));
  return definitions.with(DEFAULTS);
};

test('a file defines everything that a turn needs', (t) => {
  const { byName, standard } = defined(
    {
      default: 'support',
      assistants: {
        support: {
          description: 'Answers customers of the shop.',
          instructions: 'You are Ada.',
          models: [
            'gpt-4o-mini',
            {
              model: 'llama-3.3-70b',
              base_url: 'https://models.example/v1',
              api_key_env: 'OTHER_KEY',
              retry_s: 20,
              profile: { stream_usage: false, system_role: 'user', max_tokens_field: 'max_tokens', images: true },
            },
            { model: 'local', base_url: 'http://127.0.0.1:9/v1' },
          ],
          parameters: {
            temperature: 0.2,
            top_p: 1,
            max_output_tokens: 800,
            stop: ['###'],
            seed: 7,
            reasoning_effort: 'low',
            response_format: { type: 'json_object' },
            extra: { top_k: 5 },
          },
          context: { exchanges: 20, max_input_tokens: 8000 },
          client_instructions: 'append',
          memory: false,
        },
        sales: { instructions_file: 'sales.md' },
      },
    },
    { OTHER_KEY: 'other' },
    { 'sales.md': { text: 'You sell.' } },
  );
  t.deepEqual([...byName.keys()], ['support', 'sales']);
  t.like(standard, {
    name: 'support',
    instructions: 'You are Ada.',
    exchanges: 20,
    maxInputTokens: 8000,
    appendsClientInstructions: true,
    memory: false,
    parameters: {
      maxOutputTokens: 800,
      others: {
        top_k: 5,
        temperature: 0.2,
        top_p: 1,
        stop: ['###'],
        seed: 7,
        reasoning_effort: 'low',
        response_format: { type: 'json_object' },
      },
    },
  });
  t.deepEqual(
    standard.models.map(({ model, endpoint, retryMs }) => ({ model, ...endpoint, retryMs })),
    [
      { model: 'gpt-4o-mini', baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'main', retryMs: 0 },
      { model: 'llama-3.3-70b', baseUrl: 'https://models.example/v1', apiKey: 'other', retryMs: 20_000 },
      { model: 'local', baseUrl: 'http://127.0.0.1:9/v1', apiKey: undefined, retryMs: 0 },
    ],
  );
  t.deepEqual(standard.models[1]!.traits, {
    streamUsage: false,
    systemRole: 'user',
    maxTokensField: 'max_tokens',
    images: true,
    tools: null,
  });
  t.like(byName.get('sales'), {
    instructions: 'You sell.',
    exchanges: 5,
    maxInputTokens: null,
    appendsClientInstructions: false,
    memory: true,
    models: [{ model: 'main-model', endpoint: DEFAULTS.endpoint, retryMs: 0 }],
  });
});

test('the parameter model names an assistant, turnkeeper, or the first model of the default assistant', (t) => {
  const assistants = defined({
    default: 'a',
    assistants: { a: { models: ['first', 'second'] }, b: { models: ['third'] } },
  });
  t.deepEqual(modelNamesOf(assistants), ['a', 'b', 'turnkeeper', 'first']);
  const nameOf = (model: string) => assistantOfModel(assistants, model)?.name ?? null;
  t.deepEqual(['a', 'b', 'turnkeeper', 'first', 'second', 'third'].map(nameOf), ['a', 'b', 'a', 'a', null, null]);
  t.deepEqual(modelNamesOf(ownAssistant(DEFAULTS)), ['turnkeeper', 'main-model']);
});

test('one assistant is the default without being named, and turnkeeper may be the default', (t) => {
  t.is(defined({ assistants: { only: {} } }).standard.name, 'only');
  t.is(defined({ default: 'turnkeeper', assistants: { turnkeeper: {}, b: {} } }).standard.name, 'turnkeeper');
});

test('budgets apply to all assistants, whose calls then have a limit of output tokens', (t) => {
  const assistants = {
    a: {},
    b: { parameters: { max_output_tokens: 9 } },
  };
  const { byName, budgets } = defined({
    default: 'a',
    assistants,
    budgets: [
      { per: 'user', tokens: 200_000, window: '1d' },
      { per: 'all', tokens: 5_000_000, window: '90m' },
    ],
  });
  t.deepEqual(budgets, [
    { per: 'user', tokens: 200_000, window: '1d', windowS: 86_400 },
    { per: 'all', tokens: 5_000_000, window: '90m', windowS: 5_400 },
  ]);
  const limits = [...byName.values()].map((each) =>
    [each.parameters, each.summaryParameters].map((of) => of.maxOutputTokens),
  );
  t.deepEqual(limits, [
    [4_096, 4_096],
    [9, 4_096],
  ]);
  const without = defined({ default: 'a', assistants });
  t.deepEqual(without.budgets, []);
  t.is(without.standard.parameters.maxOutputTokens, null);
  t.is(without.standard.summaryParameters.maxOutputTokens, null);
});

test('a file may begin with a byte order mark', (t) => {
  t.is(defined('\uFEFF{"assistants":{"only":{}}}').standard.name, 'only');
});

test('names of what every object has are no environment variables', (t) => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    const models = [{ model: 'm', api_key_env: name }];
    const { faults } = read({ assistants: { a: { models } } }, process.env);
    t.regex(faults.join(), /the environment variable \w+ is not set/);
  }
});

const FAULTS: readonly (readonly [what: string, content: unknown, faults: readonly RegExp[]])[] = [
  ['is not JSON', '{', [/^it is not JSON/]],
  ['is no object', [], [/^: /]],
  ['has a member that JavaScript would drop', '{"assistants":{"__proto__":{},"a":{}}}', [/name __proto__/]],
  [
    'has an address with a query',
    { assistants: { a: { models: [{ model: 'm', base_url: 'https://host/v1?version=1' }] } } },
    [/^assistants\.a\.models\.0\.base_url: .*query/],
  ],
  ['has no assistants', { assistants: {} }, [/^assistants: must have at least one/]],
  ['names no default of several', { assistants: { a: {}, b: {} } }, [/^default: is required/]],
  ['names an unknown default', { default: 'c', assistants: { a: {} } }, [/^default: there is no assistant c/]],
  [
    'has turnkeeper beside the default',
    { default: 'a', assistants: { a: {}, turnkeeper: {} } },
    [/^assistants\.turnkeeper: .*must be the default/],
  ],
  ['has an invalid name', { assistants: { 'a b': {} } }, [/^assistants\.a b: has a name/]],
  ['has an unknown member', { assistants: { a: { model: 'x' } } }, [/^assistants\.a: .*model/]],
  [
    'has two kinds of instructions',
    { assistants: { a: { instructions: 'x', instructions_file: 'y' } } },
    [/both/, /not read/],
  ],
  [
    'has instructions and names without visible text',
    { assistants: { a: { instructions: ' \n', models: ['a\0b', ' c'] } } },
    [/instructions: is empty/, /models\.0\.model: must have no control/, /models\.1\.model/],
  ],
  [
    'has several faults in one model',
    { assistants: { a: { models: [{ base_url: 'ftp://x', retry_s: -1, profile: { images: 1 } }] } } },
    [/models\.0\.model/, /base_url: must be an address/, /retry_s/, /profile\.images/],
  ],
  [
    'has invalid parameters',
    { assistants: { a: { parameters: { temperature: 3, top_p: -1, max_output_tokens: 0, seed: 1.5, stop: [] } } } },
    [/temperature/, /top_p/, /max_output_tokens/, /stop/, /seed/],
  ],
  [
    'sets in extra what has its own member',
    { assistants: { a: { parameters: { extra: { temperature: 1, messages: [], top_k: 1 } } } } },
    [/extra\.messages: is set by turnkeeper/, /extra\.temperature/],
  ],
  [
    'has a key variable that is not set',
    { assistants: { a: { models: [{ model: 'm', api_key_env: 'NO_KEY' }] } } },
    [/NO_KEY is not set/],
  ],
  [
    'has faults in members and between them',
    { default: 'c', assistants: { a: { memory: 'yes', models: [{ model: 'm', api_key_env: 'NO_KEY' }] } } },
    [/assistants\.a\.memory/, /no assistant c/, /NO_KEY/],
  ],
  [
    'has invalid budgets',
    {
      assistants: { a: {} },
      budgets: [
        { per: 'session', tokens: 0, window: '1w' },
        { per: 'user', tokens: 1.5, window: '0d' },
        { per: 'all', tokens: 5, window: '367d', limit: 1 },
        { per: 'all', tokens: 5, window: '24h' },
        { per: 'all', tokens: 6, window: '1d' },
      ],
    },
    [
      /^budgets\.0\.per/,
      /^budgets\.0\.tokens/,
      /^budgets\.0\.window: must be a window/,
      /^budgets\.1\.tokens/,
      /^budgets\.1\.window/,
      /^budgets\.2\.window/,
      /^budgets\.2: .*limit/,
    ],
  ],
  [
    'has two budgets of one scope and window',
    {
      assistants: { a: {} },
      budgets: [
        { per: 'all', tokens: 5, window: '24h' },
        { per: 'user', tokens: 5, window: '1d' },
        { per: 'all', tokens: 6, window: '1d' },
      ],
    },
    [/^budgets\.2: is the second budget per all with this window/],
  ],
];
for (const [what, content, faults] of FAULTS)
  test(`a file that ${what} is refused with all its faults`, (t) => {
    const found = read(content);
    t.is(found.definitions, null);
    t.is(found.faults.length, faults.length, found.faults.join('\n'));
    for (const fault of faults)
      t.true(
        found.faults.some((each) => fault.test(each)),
        `${fault} in ${found.faults.join('\n')}`,
      );
  });

test('the settings are refused together with the file, whose instructions are beside it', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'assistants.json');
  writeFileSync(path, JSON.stringify({ assistants: { a: { instructions_file: 'persona.md', memory: 1 } } }));
  const error = t.throws(() => readConfig([], { ASSISTANTS: path, PORT: 'x' }), { instanceOf: ConfigError });
  t.is(error.faults.length, 3);
  t.regex(error.message, /PORT: .*\n.*ASSISTANTS: .*assistants\.a\.memory.*\n.*instructions_file: it cannot be read/);
  writeFileSync(join(folder, 'persona.md'), 'You are Ada.');
  writeFileSync(path, JSON.stringify({ assistants: { a: { instructions_file: 'persona.md' } } }));
  t.is(
    readConfig([], { ASSISTANTS: path }).assistants?.definitions?.with(DEFAULTS).standard.instructions,
    'You are Ada.',
  );
  t.regex(t.throws(() => readConfig([], { ASSISTANTS: `${path}.none` })).message, /ASSISTANTS: .*cannot be read/);
  t.is(readConfig([], { ASSISTANTS: '' }).assistants, null);
  writeFileSync(path, JSON.stringify({ assistants: { a: { models: [{ model: 'm', api_key_env: 'NO_KEY' }] } } }));
  t.regex(t.throws(() => readConfig([], { ASSISTANTS: path })).message, /NO_KEY is not set/);
  const http = { ASSISTANTS: path, DATABASE_URL: 'postgres://h/d', REDIS_URL: 'redis://h', ACTOR_RUNTIME: 'dapr' };
  t.truthy(readConfig(['--roles', 'http'], http).assistants, 'a process that calls no models needs no keys');
});
