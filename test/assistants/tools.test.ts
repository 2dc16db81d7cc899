// Tools and MCP servers in the assistants file: what they mean, and all their faults at once.
import test from 'ava';
import { readConfig } from '../../src/config/config.ts';
import { parseAssistants } from '../../src/domain/assistants/assistants-file.ts';
import type { Environment } from '../../src/domain/assistants/environment.ts';
import { assistantsFile } from '../support/assistants.ts';

const DEFAULTS = { endpoint: { baseUrl: undefined, apiKey: undefined }, model: 'm', exchanges: 5 };
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const read = (content: object, environment: Environment = {}, allowPrivate = false) =>
  parseAssistants({ main: { text: JSON.stringify(content) }, instructions: {} }, { environment, allowPrivate });
function defined(content: object, environment: Environment = {}) {
  const { definitions, faults } = read(content, environment);
  if (!definitions) throw new Error(faults.join('\n'));
  return definitions.with(DEFAULTS);
}
const parameters = { type: 'object', properties: { id: { type: 'string' } } };
const url = 'https://shop.example/tool';

test('an assistant has the tools that it names, with the defaults of the contract', (t) => {
  const unless = { properties: { amount: { type: 'number', maximum: 50 } }, required: ['amount'] };
  const { byName, standard } = defined(
    {
      default: 'support',
      assistants: {
        support: { tools: ['refund', 'get_order', 'refund', 'docs/*', 'docs/a/b', 'wiki/search'], max_steps: 0 },
        other: {},
      },
      tools: {
        get_order: { description: 'Reads an order.', parameters, url, effect: 'read' },
        refund: { url, secret_env: 'REFUND_SECRET', timeout_s: 2.5, approval: { unless } },
        idle: { url },
      },
      mcp_servers: {
        docs: {
          url: 'https://docs.example/mcp',
          headers_env: 'DOCS_HEADERS',
          effect: 'read',
          tools: { write: { effect: 'idempotent', timeout_s: 60 }, ask: { approval: true } },
        },
        wiki: { url: 'https://wiki.example/mcp' },
      },
    },
    { REFUND_SECRET: SECRET, DOCS_HEADERS: 'Authorization: Bearer x\nX-Team: docs\n' },
  );
  t.deepEqual(byName.get('other')!.tools, { http: [], mcp: [], maxSteps: 8 });
  const { http, mcp, maxSteps } = standard.tools;
  t.is(maxSteps, 0);
  t.deepEqual(http, [
    {
      name: 'refund',
      modelName: 'refund',
      description: '',
      parameters: { type: 'object', properties: {} },
      endpoint: { kind: 'http', url, secret: SECRET },
      version: null,
      effect: 'once',
      approval: { unless },
      timeoutMs: 2_500,
    },
    {
      name: 'get_order',
      modelName: 'get_order',
      description: 'Reads an order.',
      parameters,
      endpoint: { kind: 'http', url, secret: null },
      version: null,
      effect: 'read',
      approval: false,
      timeoutMs: 20_000,
    },
  ]);
  t.deepEqual(
    mcp.map(({ server, tool }) => [server.name, tool]),
    [
      ['docs', null],
      ['docs', 'a/b'],
      ['wiki', 'search'],
    ],
  );
  const { server } = mcp[0]!;
  t.deepEqual(server, {
    name: 'docs',
    url: 'https://docs.example/mcp',
    headers: { Authorization: 'Bearer x', 'X-Team': 'docs' },
    traits: { effect: 'read', approval: false, timeoutMs: 20_000 },
    byTool: new Map([
      ['write', { effect: 'idempotent', approval: true, timeoutMs: 60_000 }],
      ['ask', { effect: 'read', approval: true, timeoutMs: 20_000 }],
    ]),
  });
  t.is(mcp[1]!.server, server, 'one server is one object');
  t.deepEqual(mcp[2]!.server.traits, { effect: 'once', approval: true, timeoutMs: 20_000 });
});

test('headers of a server are a JSON object or lines', (t) => {
  const headersFrom = (H: string) =>
    defined(
      { assistants: { a: { tools: ['s/*'] } }, mcp_servers: { s: { url: 'https://s.example/', headers_env: 'H' } } },
      { H },
    ).standard.tools.mcp[0]!.server.headers;
  t.deepEqual(headersFrom('{"Authorization":"Bearer x"}'), { Authorization: 'Bearer x' });
  t.deepEqual(headersFrom('X-Key:  a:b \r\n\r\nX-Other: c'), { 'X-Key': 'a:b', 'X-Other': 'c' });
});

test('a process that calls no tools needs no secrets', (t) => {
  const file = {
    assistants: { a: { tools: ['x', 's/*'] } },
    tools: { x: { url, secret_env: 'NONE' } },
    mcp_servers: { s: { url, headers_env: 'NONE' } },
  };
  t.deepEqual(read(file, null).faults, []);
  t.deepEqual(read(file).faults, [
    'tools.x.secret_env: the environment variable NONE is not set',
    'mcp_servers.s.headers_env: the environment variable NONE is not set',
  ]);
});

test('schemas of the drafts 2020-12, 2019-09 and 7 are valid, also without a name', (t) => {
  const tuple = { type: 'array', items: [{ type: 'string' }] };
  const schemas = [
    { type: 'object', properties: { a: { type: 'array', prefixItems: [{ type: 'string' }] } } },
    { type: 'object', properties: { a: tuple } },
    { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { a: tuple } },
    { $schema: 'https://json-schema.org/draft/2019-09/schema', type: 'object' },
    { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', $defs: { b: { type: 'string' } } },
    {
      type: 'object',
      properties: { a: { $ref: '#/definitions/b' } },
      definitions: { b: { format: 'email', 'x-y': 1 } },
    },
    { $id: 'https://one.example/s', type: 'object' },
    { $id: 'https://one.example/s', type: 'object', properties: { a: tuple } },
  ];
  const tools = Object.fromEntries(schemas.map((each, index) => [`t${index}`, { url, parameters: each }]));
  t.deepEqual(read({ assistants: { a: {} }, tools }).faults, []);
});

const tool = (more: object) => ({ assistants: { a: {} }, tools: { x: { url, ...more } } });
const server = (more: object) => ({ assistants: { a: {} }, mcp_servers: { s: { url, ...more } } });
const invalid = (schema: unknown) => tool({ parameters: schema });
const unless = (schema: unknown) => tool({ approval: { unless: schema } });
const deep = JSON.parse(`${'{"not":'.repeat(20_000)}{}${'}'.repeat(20_000)}`) as object;

const FAULTS: readonly (readonly [what: string, content: object, fault: RegExp])[] = [
  ['names an unknown tool', { assistants: { a: { tools: ['x'] } } }, /^assistants\.a\.tools\.0: there is no tool x$/],
  [
    'names a tool that every object has',
    { assistants: { a: { tools: ['constructor'] } }, tools: {} },
    /no tool constructor/,
  ],
  ['names an unknown server', { assistants: { a: { tools: ['d/*'] } } }, /a\.tools\.0: there is no MCP server d$/],
  ['names no tool of a server', { assistants: { a: { tools: ['d/'] } }, mcp_servers: { d: { url } } }, /no tool d\/$/],
  ['has too many steps', { assistants: { a: { max_steps: 33 } } }, /a\.max_steps: /],
  ['has a part of a step', { assistants: { a: { max_steps: 1.5 } } }, /a\.max_steps: /],
  ['has two underscores in a name', { assistants: { a: {} }, tools: { a__b: { url } } }, /^tools\.a__b: .*underscores/],
  [
    'has a slash in a name',
    { assistants: { a: {} }, tools: { 'a/b': { url } } },
    /^tools\.a\/b: has a name that is not/,
  ],
  [
    'has a server without a name',
    { assistants: { a: {} }, mcp_servers: { '': { url } } },
    /^mcp_servers\.: has a name/,
  ],
  ['has no URL', { assistants: { a: {} }, tools: { x: {} } }, /^tools\.x\.url: /],
  ['has a URL without TLS', tool({ url: 'http://shop.example/' }), /^tools\.x\.url: must begin with https/],
  ['has a URL with a password', server({ url: 'https://a:b@shop.example/' }), /^mcp_servers\.s\.url: .*password/],
  ['has a private address', tool({ url: 'https://10.0.0.1/' }), /^tools\.x\.url: .*not public; TOOLS_ALLOW_PRIVATE/],
  ['has a private address in hexadecimal', tool({ url: 'https://0x7f.1/' }), /not public/],
  ['has a private IPv6 address', server({ url: 'https://[::ffff:10.0.0.1]/' }), /not public/],
  ['has localhost', server({ url: 'https://localhost/mcp' }), /not public/],
  ['has no URL at all', tool({ url: 'shop' }), /^tools\.x\.url: must be an absolute URL/],
  ['has an unknown effect', tool({ effect: 'twice' }), /^tools\.x\.effect: /],
  ['has no time', tool({ timeout_s: 0 }), /^tools\.x\.timeout_s: /],
  ['has too much time', server({ tools: { y: { timeout_s: 601 } } }), /^mcp_servers\.s\.tools\.y\.timeout_s: /],
  ['has an unknown member', tool({ method: 'GET' }), /^tools\.x: .*method/],
  [
    'has an unknown member of a tool of a server',
    server({ tools: { y: { url } } }),
    /^mcp_servers\.s\.tools\.y: .*url/,
  ],
  ['has a tool of a server with a space', server({ tools: { 'a b': {} } }), /^mcp_servers\.s\.tools\.a b: has a name/],
  ['has parameters that are a list', invalid([]), /^tools\.x\.parameters: /],
  ['has parameters without a type', invalid({ properties: {} }), /^tools\.x\.parameters: must be a schema with "type"/],
  ['has parameters that are text', invalid({ type: 'string' }), /^tools\.x\.parameters: must be a schema with "type"/],
  ['has an unknown type', invalid({ type: 'object', properties: { a: { type: 'int' } } }), /properties\/a\/type/],
  ['has an invalid pattern', invalid({ type: 'object', properties: { a: { pattern: '(' } } }), /regular expression/],
  ['has a reference to nothing', invalid({ type: 'object', $ref: '#/x' }), /resolve reference/],
  ['has a reference to a page', invalid({ type: 'object', $ref: 'https://a.example/s' }), /resolve reference/],
  [
    'has an unknown draft',
    invalid({ type: 'object', $schema: 'http://json-schema.org/draft-04/schema#' }),
    /unknown \$s/,
  ],
  ['has a schema that is too deep', invalid({ type: 'object', not: deep }), /call stack/],
  ['has an approval that is text', tool({ approval: 'yes' }), /^tools\.x\.approval: must be true, false/],
  ['has an approval without a schema', tool({ approval: {} }), /^tools\.x\.approval: must be true, false/],
  ['has an exemption that is no schema', unless({ type: 'nothing' }), /^tools\.x\.approval: unless is not a valid/],
  ['has a misspelt exemption', unless({ properties: { amount: { max: 5 } } }), /unknown keyword: "max"/],
  ['has an exemption that nobody checks', unless({ properties: { to: { format: 'email' } } }), /unknown format/],
  ['has an exemption that is always valid', unless({ $async: true, type: 'string' }), /has \$async/],
];
for (const [what, content, fault] of FAULTS)
  test(`a file that ${what} is refused`, (t) => {
    const { definitions, faults } = read(content);
    t.is(definitions, null);
    t.is(faults.length, 1, faults.join('\n'));
    t.regex(faults[0]!, fault);
    t.true(faults[0]!.length < 2_200);
  });

for (const [what, H, fault] of [
  ['no object', '{"a":1}', /must be a JSON object of texts/],
  ['no JSON', '{', /must be a JSON object of texts/],
  ['a line without a name', 'Bearer x', /invalid name or value/],
  ['an invalid value', '{"a":"b\\nc: d"}', /invalid name or value/],
  ['a header twice', 'a: b\nA: c', /twice/],
  ['a header of the protocol', 'Content-Length: 5', /content-length, which turnkeeper sets/],
] as const)
  test(`headers that have ${what} are refused, and not shown`, (t) => {
    const { faults } = read(server({ headers_env: 'H' }), { H });
    t.is(faults.length, 1);
    t.regex(faults[0]!, fault);
    t.false(faults[0]!.includes(H));
  });

test('a secret that cannot sign is refused, and not shown', (t) => {
  for (const S of ['no secret', 'whsec_', 'abc', 'whsec_a=bc']) {
    const { faults } = read(tool({ secret_env: 'S' }), { S });
    t.deepEqual(faults, ['tools.x.secret_env: the environment variable S must be a secret such as whsec_ and base64']);
  }
  t.deepEqual(read(tool({ secret_env: 'S' }), { S: SECRET.slice(6) }).faults, []);
});

test('faults of tools are reported together with all others', (t) => {
  const { faults } = read({
    default: 'b',
    assistants: { 'a a': { memory: 1, tools: ['x', 'y'] } },
    tools: { 'x x': { url: 'http://a.example/', effect: 1, secret_env: 'S' }, z: { url: 5 } },
    mcp_servers: { s: { url: 'https://127.1/', headers_env: 'H', tools: { 'a b': { effect: 2 } } } },
    extra: 1,
  });
  for (const fault of [
    /^default: /,
    /^assistants\.a a: has a name/,
    /^assistants\.a a\.memory/,
    /a a\.tools\.0: .*no tool x/,
    /a a\.tools\.1/,
    /^tools\.x x: has a name/,
    /^tools\.x x\.url/,
    /^tools\.x x\.effect/,
    /^tools\.x x\.secret_env/,
    /^tools\.z\.url/,
    /^mcp_servers\.s\.url/,
    /s\.headers_env/,
    /s\.tools\.a b: has a name/,
    /s\.tools\.a b\.effect/,
    /extra/,
  ])
    // prettier-ignore
    t.is(faults.filter((each) => fault.test(each)).length, 1, `${fault} in ${faults.join('\n')}`);
  t.is(faults.length, 15);
});

test('TOOLS_ALLOW_PRIVATE allows private addresses without TLS', (t) => {
  const { path } = assistantsFile(t, {
    assistants: { a: { tools: ['x', 's/*'] } },
    tools: { x: { url: 'http://127.0.0.1:9/' } },
    mcp_servers: { s: { url: 'http://localhost:9/mcp' } },
  });
  const error = t.throws(() => readConfig([], { ASSISTANTS: path }));
  t.regex(error.message, /tools\.x\.url: must begin with https.*\n.*mcp_servers\.s\.url: must begin with https/);
  const { assistants } = readConfig([], { ASSISTANTS: path, TOOLS_ALLOW_PRIVATE: 'yes' });
  t.is(assistants!.definitions!.with(DEFAULTS).standard.tools.http[0]!.name, 'x');
});
