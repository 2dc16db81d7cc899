// Tools of MCP servers: which are offered, and how they are called.
import type { ServerResponse } from 'node:http';
import ava from 'ava';
import type { McpServer, Tool, ToolTraits } from '../../src/domain/tools/tool.ts';
import { eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { startReceiver } from '../webhooks/support.ts';
import { startMcpServer, textResult, type TestMcpServer, type ToolEntry } from './mcp-server.ts';
import { callOf, toolbox, TURN, type ToolboxOptions } from './support.ts';

/** One after another: the tests measure times. */
const test = ava.serial;
const never = new AbortController().signal;
const entry = (name: string, more: Partial<ToolEntry> = {}): ToolEntry => ({
  name,
  description: `Does ${name}.`,
  inputSchema: { type: 'object', properties: { q: { type: 'string' } } },
  ...more,
});
const TRAITS: ToolTraits = { effect: 'once', approval: true, timeoutMs: 10_000 };

const serverAt = (url: string, more: Partial<McpServer> = {}): McpServer => ({
  name: 'docs',
  url,
  headers: {},
  traits: TRAITS,
  byTool: new Map(),
  ...more,
});

/** A toolbox, closed when the test ends, and what an assistant may use. */
function boxOf(t: Owner, options: ToolboxOptions = {}) {
  const made = toolbox(options);
  t.teardown(() => made.box.close());
  const toolsOf = (server: McpServer, only: string | null = null) =>
    made.box.toolsOf({ http: [], mcp: [{ server, tool: only }], maxSteps: 8 });
  return { ...made, toolsOf };
}

async function toolOf(t: Owner, mcp: TestMcpServer, traits: Partial<ToolTraits> = {}) {
  const made = boxOf(t);
  const [tool] = await made.toolsOf(serverAt(mcp.url, { traits: { ...TRAITS, ...traits } }));
  return { ...made, tool: tool! };
}

test('the tools of a server are offered with the traits of the file, all or those that are named', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('search'), entry('write')];
  const { box } = boxOf(t);
  const traits = { effect: 'read', approval: false, timeoutMs: 5_000 } as const;
  const server = serverAt(mcp.url, { headers: { 'X-Key': 'secret' }, byTool: new Map([['search', traits]]) });
  const toolsOf = (...grants: (string | null)[]) =>
    box.toolsOf({ http: [], mcp: grants.map((tool) => ({ server, tool })), maxSteps: 8 });
  const all = await toolsOf(null);
  t.deepEqual(
    all.map(({ name, modelName, effect, approval, timeoutMs }) => ({ name, modelName, effect, approval, timeoutMs })),
    [
      { name: 'docs/search', modelName: 'docs__search', ...traits },
      { name: 'docs/write', modelName: 'docs__write', ...TRAITS },
    ],
  );
  t.like(all[0], { description: 'Does search.', parameters: entry('search').inputSchema });
  t.deepEqual(
    (await toolsOf('write')).map(({ name }) => name),
    ['docs/write'],
  );
  t.deepEqual(
    (await toolsOf('write', null, 'search', 'none')).map(({ name }) => name),
    ['docs/write', 'docs/search'],
  );
  for (const { headers } of mcp.requests) t.is(headers['x-key'], 'secret');
});

test('the list has all pages, is kept, and is read once for all who ask at the same time', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = ['a', 'b', 'c', 'd', 'e'].map((name) => entry(name));
  mcp.pageSize = 2;
  let now = 0;
  const { toolsOf } = boxOf(t, { now: () => now });
  const lists = await Promise.all(Array.from({ length: 20 }, () => toolsOf(serverAt(mcp.url))));
  t.true(lists.every((list) => list.length === 5));
  t.is(mcp.lists(), 3);
  mcp.pageSize = 100;
  now = 59_000;
  await toolsOf(serverAt(mcp.url));
  t.is(mcp.lists(), 3);
  now = 61_000;
  await toolsOf(serverAt(mcp.url));
  t.is(mcp.lists(), 4);
});

test('a change of the list is noticed when the server announces it; the version of a tool changes with its definition', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a'), entry('b'), entry('c')];
  const { toolsOf } = boxOf(t);
  const before = await toolsOf(serverAt(mcp.url));
  await eventually('the event stream', async () => mcp.streams() === 1);
  mcp.tools = [
    entry('a', { inputSchema: { properties: { q: { type: 'string' } }, type: 'object' } }),
    entry('b', { description: 'Other.' }),
    entry('c', { inputSchema: { type: 'object', properties: { q: { type: 'number' } } } }),
    entry('d'),
  ];
  await mcp.announce();
  const after = await eventually('the new list', async () => {
    const tools = await toolsOf(serverAt(mcp.url));
    return tools.length === 4 && tools;
  });
  t.is(after[0]!.version, before[0]!.version, 'the order of members does not count');
  t.is(after[0]!.parameters, before[0]!.parameters);
  t.not(after[1]!.version, before[1]!.version);
  t.not(after[2]!.version, before[2]!.version);
  t.regex(after[3]!.version!, /^[0-9a-f]{64}$/);
});

test('a tool that its server changed meanwhile is not called', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  let now = 0;
  const { box, toolsOf } = boxOf(t, { now: () => now });
  const [before] = await toolsOf(serverAt(mcp.url));
  mcp.tools = [entry('a', { description: 'Deletes everything.' })];
  now = 61_000;
  t.deepEqual(await box.call(callOf(before!), never), {
    status: 'failed',
    result: 'The tool was not called: its server has changed it meanwhile.',
    truncated: false,
  });
  t.is(mcp.calls.length, 0);
  const [after] = await toolsOf(serverAt(mcp.url));
  t.is((await box.call(callOf(after!), never)).status, 'done');
});

test('tools that models cannot call are not offered, and logged once', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [
    entry('x'.repeat(58)),
    entry('x'.repeat(59)),
    entry('a b'),
    entry('a/b'),
    entry('bad', { inputSchema: { type: 'object', properties: { q: { type: 'str' } } } }),
    entry('ref', { inputSchema: { type: 'object', $ref: 'https://a.example/s' } }),
    entry('big', { inputSchema: { type: 'object', description: 'x'.repeat(65 * 1024) } }),
    entry('task', { execution: { taskSupport: 'required' } }),
    entry('x'.repeat(58)),
  ];
  let now = 0;
  const { toolsOf, logged } = boxOf(t, { now: () => now });
  t.deepEqual(
    (await toolsOf(serverAt(mcp.url))).map(({ modelName }) => modelName),
    [`docs__${'x'.repeat(58)}`],
  );
  now = 100_000;
  await toolsOf(serverAt(mcp.url));
  t.is(mcp.lists(), 2);
  const lines = logged.filter((line) => line.includes('is not offered'));
  t.is(lines.length, 7, lines.join('\n'));
});

test('a server that disappears: its last list is used for ten minutes, and turns do not wait for it', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  let now = 0;
  const { toolsOf, logged } = boxOf(t, { now: () => now });
  t.is((await toolsOf(serverAt(mcp.url))).length, 1);
  mcp.before = (_body, _request, response) => {
    response.socket!.destroy();
    return true;
  };
  now = 100_000;
  t.is((await toolsOf(serverAt(mcp.url))).length, 1);
  const requests = mcp.requests.length;
  now = 110_000;
  t.is((await toolsOf(serverAt(mcp.url))).length, 1);
  t.is(mcp.requests.length, requests, 'no request within the pause');
  now = 601_000;
  t.deepEqual(await toolsOf(serverAt(mcp.url)), []);
  t.true(logged.some((line) => line.includes('could not be read')));
  mcp.before = () => false;
  now = 620_000;
  t.is((await toolsOf(serverAt(mcp.url))).length, 1);
});

test('a server that never answers delays nobody for long, and other servers are offered', async (t) => {
  const [mcp, silent] = [await startMcpServer(t), await startMcpServer(t)];
  mcp.tools = [entry('a')];
  silent.before = () => true;
  const { box } = boxOf(t);
  const mcpGrants = [serverAt(silent.url, { name: 'silent' }), serverAt(mcp.url)].map((server) => ({
    server,
    tool: null,
  }));
  const startedAt = performance.now();
  const tools = await box.toolsOf({ http: [], mcp: mcpGrants, maxSteps: 8 });
  t.deepEqual(
    tools.map(({ name }) => name),
    ['docs/a'],
  );
  t.true(performance.now() - startedAt < 8_000);
});

for (const json of [false, true])
  test(`a call has the key, the arguments byte for byte, and its result, over ${json ? 'JSON' : 'an event stream'}`, async (t) => {
    const mcp = await startMcpServer(t, { json });
    mcp.tools = [entry('a')];
    const { box, tool } = await toolOf(t, mcp);
    const text = '{"q":"\\u00e9 $& $1","n":1.0,"o":{ }}';
    t.deepEqual(await box.call(callOf(tool, text), never), { status: 'done', result: 'ok', truncated: false });
    t.is(mcp.calls.length, 1);
    t.true(mcp.calls[0]!.body.includes(`"arguments":${text}`), mcp.calls[0]!.body);
    t.is(mcp.calls[0]!.name, 'a');
    t.is(mcp.calls[0]!.meta['turnkeeper/idempotency-key'], `${TURN}:3`);
  });

test('notifications in between do not disturb a call', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  mcp.answer = async (_call, server, relatedRequestId) => {
    await server.notification(
      { method: 'notifications/message', params: { level: 'info', data: 'x' } },
      { relatedRequestId },
    );
    await server.notification({ method: 'notifications/tools/list_changed' }, { relatedRequestId });
    await server.notification({ method: 'notifications/unknown' }, { relatedRequestId });
    await server.sendToolListChanged();
    return textResult('done');
  };
  const { box, tool, toolsOf } = await toolOf(t, mcp);
  t.is((await box.call(callOf(tool), never)).result, 'done');
  const lists = mcp.lists();
  await toolsOf(serverAt(mcp.url));
  t.is(mcp.lists(), lists + 1, 'the announcement was noticed');
});

test('results are text: structured content first, notes for pictures, cut off at 64 KiB', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  const { box, tool } = await toolOf(t, mcp);
  const run = () => box.call(callOf(tool), never);
  mcp.answer = () => ({ content: [{ type: 'text', text: 'x' }], structuredContent: { a: [1, 'é'] } });
  t.deepEqual(await run(), { status: 'done', result: '{"a":[1,"é"]}', truncated: false });
  mcp.answer = () => ({
    content: [
      { type: 'text', text: 'one\0' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'file:///a', text: 'two' } },
      { type: 'resource', resource: { uri: 'file:///b', blob: 'AAAA' } },
      { type: 'resource_link', uri: 'https://a.example/', name: 'n' },
    ],
  });
  t.is(
    (await run()).result,
    'one\n[image image/png: left out]\ntwo\n[resource file:///b: left out]\n[resource_link https://a.example/: left out]',
  );
  mcp.answer = () => ({ content: [] });
  t.deepEqual(await run(), { status: 'done', result: '', truncated: false });
  mcp.answer = () => textResult('€'.repeat(700_000));
  const long = await run();
  t.like(long, { status: 'done', truncated: true });
  t.is(long.result.length, 21_845);
});

test('errors of a tool and of the protocol are failures that the model reads', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  const { box, tool } = await toolOf(t, mcp);
  mcp.answer = () => ({ ...textResult('No such order.'), isError: true });
  t.deepEqual(await box.call(callOf(tool), never), { status: 'failed', result: 'No such order.', truncated: false });
  mcp.tools = [];
  const gone = await box.call(callOf(tool), never);
  t.is(gone.status, 'failed');
  t.regex(gone.result, /answered with an error: .*no such tool/);
  t.is(mcp.calls.length, 2);
});

test('a server that lost the session gets a new one, and the call is made once', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  const { box, tool } = await toolOf(t, mcp);
  await mcp.restart();
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => box.call(callOf(tool), never)));
  for (const outcome of outcomes) t.is(outcome.status, 'done');
  t.is(mcp.calls.length, 5);
  t.is(mcp.requests.filter(({ method, headers }) => method === 'POST' && !headers['mcp-session-id']).length, 2);
});

/** Answers the request of the call so; the session goes on. */
const onCall =
  (act: (response: ServerResponse) => void) => (body: string, _request: unknown, response: ServerResponse) => {
    const isCall = body.includes('"tools/call"');
    if (isCall) act(response);
    return isCall;
  };
const EVENTS = { 'content-type': 'text/event-stream' };

const FAULTY: readonly (readonly [
  what: string,
  once: 'failed' | 'unknown',
  act: (response: ServerResponse) => void,
])[] = [
  ['answers 500', 'unknown', (response) => void response.writeHead(500).end('oops')],
  ['answers 429', 'failed', (response) => void response.writeHead(429).end()],
  ['hangs', 'unknown', () => {}],
  ['closes without an answer', 'unknown', (response) => response.socket!.destroy()],
  [
    'ends an event stream without a result',
    'unknown',
    (response) => void response.writeHead(200, EVENTS).end(': hi\n\n'),
  ],
  [
    'breaks an event stream',
    'unknown',
    (response) => {
      response.writeHead(200, EVENTS).write('data: {"jsonrpc"');
      setTimeout(() => response.socket!.destroy(), 20);
    },
  ],
  [
    'trickles',
    'unknown',
    (response) => {
      response.writeHead(200, EVENTS);
      const timer = setInterval(() => response.write(': more\n\n'), 20);
      response.on('close', () => clearInterval(timer));
    },
  ],
  ['sends a page', 'unknown', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
  [
    'breaks a JSON body',
    'unknown',
    (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":'),
  ],
  [
    'sends more than 4 MiB',
    'unknown',
    (response) => void response.writeHead(200, EVENTS).end(`data: "${'x'.repeat(5 * 1024 * 1024)}"\n\n`),
  ],
];
for (const [what, once, act] of FAULTY)
  test(`a server that ${what}: a call of the effect once is ${once}, others are repeated`, async (t) => {
    const mcp = await startMcpServer(t);
    mcp.tools = [entry('a')];
    let sent = 0;
    const { box, tool } = await toolOf(t, mcp, { timeoutMs: 3_000 });
    mcp.before = onCall((response) => {
      sent += 1;
      act(response);
    });
    const startedAt = performance.now();
    const outcome = await box.call(callOf(tool), never);
    t.is(outcome.status, once, outcome.result);
    t.true(performance.now() - startedAt < 8_000);
    t.is(sent, 1);
    sent = 0;
    mcp.before = (body, request, response) =>
      sent === 0 &&
      onCall(() => {
        sent += 1;
        act(response);
      })(body, request, response);
    const repeatable: Tool = { ...tool, effect: 'idempotent' };
    t.like(await box.call(callOf(repeatable), never), { status: 'done', result: 'ok' });
    t.is(mcp.calls.length, 1);
  });

test('a response that breaks after an event with an id is resumed, and the call is made once', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  const { box, tool } = await toolOf(t, mcp);
  let [sent, id]: [number, unknown] = [0, null];
  const refuseStream = (response: ServerResponse) => void response.writeHead(405).end();
  mcp.before = (body, request, response) => {
    if (request.method === 'GET' && request.headers['last-event-id'] === 'e1') {
      const message = { jsonrpc: '2.0', id, result: textResult('paid') };
      response.writeHead(200, EVENTS).end(`id: e2\ndata: ${JSON.stringify(message)}\n\n`);
    } else if (body.includes('"tools/call"')) {
      sent += 1;
      ({ id } = JSON.parse(body) as { id: unknown });
      response.writeHead(200, EVENTS).end('retry: 10\nid: e1\ndata:\n\n');
    } else if (request.method === 'GET') refuseStream(response);
    else return false;
    return true;
  };
  t.deepEqual(await box.call(callOf(tool), never), { status: 'done', result: 'paid', truncated: false });
  t.is(sent, 1);
});

test('a response that goes on after the result is closed', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  const { box, tool } = await toolOf(t, mcp);
  let isClosed = false;
  mcp.before = (body, _request, response) => {
    if (!body.includes('"tools/call"')) return false;
    const { id } = JSON.parse(body) as { id: unknown };
    response.on('close', () => (isClosed = true));
    response
      .writeHead(200, EVENTS)
      .write(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: textResult('x') })}\n\n`);
    return true;
  };
  t.is((await box.call(callOf(tool), never)).result, 'x');
  await eventually('the end of the response', async () => isClosed);
});

test('an event stream that ends at once is opened again, but not without pause', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.before = (_body, request, response) => {
    if (request.method !== 'GET') return false;
    response.writeHead(200, EVENTS).end('retry: 0\n\n');
    return true;
  };
  const { toolsOf } = boxOf(t);
  await toolsOf(serverAt(mcp.url));
  const streams = () => mcp.requests.filter(({ method }) => method === 'GET').length;
  await eventually('another stream', async () => streams() >= 2);
  t.true(streams() <= 4);
});

test('3xx and 4xx are failures, and redirects are not followed', async (t) => {
  const mcp = await startMcpServer(t);
  const inside = await startReceiver(t);
  mcp.tools = [entry('a')];
  const { box, tool } = await toolOf(t, mcp, { effect: 'read' });
  for (const [status, location] of [
    [307, '/mcp'],
    [308, inside.url],
    [302, '/other'],
    [400, ''],
    [403, ''],
  ] as const) {
    let sent = 0;
    mcp.before = onCall((response) => {
      sent += 1;
      response.writeHead(status, location ? { location } : {}).end('Not here.');
    });
    const { status: ended, result } = await box.call(callOf(tool), never);
    t.is(ended, 'failed');
    t.regex(result, new RegExp(`answered ${status}.*Not here`));
    t.is(sent, 1);
  }
  t.is(inside.received.length, 0);
});

test('without a session nothing is sent: the call failed, whatever its effect', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  const { tool } = await toolOf(t, mcp, { timeoutMs: 200 });
  const expectFailed = async (url: string, options: ToolboxOptions, reason: RegExp) => {
    const { box } = boxOf(t, options);
    const endpoint = { kind: 'mcp', server: serverAt(url), name: 'a' } as const;
    for (const effect of ['read', 'once'] as const) {
      const { status, result } = await box.call(callOf({ ...tool, endpoint, effect }), never);
      t.is(status, 'failed');
      t.regex(result, reason);
    }
  };
  await expectFailed('http://127.0.0.1:1/mcp', {}, /could not be reached \(ECONNREFUSED\)/);
  await expectFailed('https://10.0.0.1/mcp', { allowPrivate: false }, /not public/);
  const names = async () => ['127.0.0.1'];
  await expectFailed('https://rebind.example/mcp', { allowPrivate: false, names }, /not public/);
  for (const [status, reason] of [
    [401, /starts no session/],
    [503, /starts no session/],
    [0, /did not answer within/],
  ] as const) {
    mcp.before = (_body, _request, response) => {
      if (status > 0) response.writeHead(status).end();
      return true;
    };
    await expectFailed(mcp.url, {}, reason);
  }
  t.is(mcp.calls.length, 0);
});

test('an abort ends a call that may be repeated, but not a call of the effect once', async (t) => {
  const mcp = await startMcpServer(t);
  mcp.tools = [entry('a')];
  const { box, tool } = await toolOf(t, mcp);
  let finish: (() => void) | undefined;
  mcp.answer = () =>
    new Promise((resolve) => {
      finish = () => resolve(textResult('paid'));
    });
  const stop = new AbortController();
  const once = box.call(callOf(tool), stop.signal);
  await eventually('the call', async () => mcp.calls.length === 1);
  const finishOnce = finish!;
  const read = box.call(callOf({ ...tool, effect: 'read' }), stop.signal);
  await eventually('the call', async () => mcp.calls.length === 2);
  stop.abort(new Error('cancelled'));
  await t.throwsAsync(read, { message: 'cancelled' });
  finishOnce();
  t.deepEqual(await once, { status: 'done', result: 'paid', truncated: false });
});
