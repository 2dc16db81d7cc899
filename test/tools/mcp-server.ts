// An MCP server of the SDK over HTTP, whose tools, answers and faults a test chooses.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  McpError,
  type CallToolResult,
} from '@modelcontextprotocol/sdk/types.js';
import type { Owner } from '../support/owner.ts';

export interface ToolEntry {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: object;
  readonly execution?: object;
}

/** One call as it arrived. */
export interface McpCall {
  readonly name: string;
  readonly arguments: unknown;
  readonly meta: Readonly<Record<string, unknown>>;
  /** The body of the request. */
  readonly body: string;
}

export interface TestMcpServer {
  readonly url: string;
  tools: ToolEntry[];
  /** Maximum number of tools in a page of the list. */
  pageSize: number;
  /** Answers a call. `server`: to send notifications. */
  answer: (call: McpCall, server: Server, requestId: string | number) => CallToolResult | Promise<CallToolResult>;
  /** Handles a request before the SDK does. True: it is answered. */
  before: (body: string, request: IncomingMessage, response: ServerResponse) => boolean;
  readonly calls: readonly McpCall[];
  /** Number of requests for the list. */
  readonly lists: () => number;
  readonly requests: readonly IncomingMessage[];
  /** Forgets all sessions, as a restart does. */
  restart(): Promise<void>;
  /** Sends `notifications/tools/list_changed` to all sessions. */
  announce(): Promise<void>;
  /** Sessions with an open event stream. */
  readonly streams: () => number;
  close(): Promise<void>;
}

export const textResult = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] });

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export async function startMcpServer(t: Owner, { json = false } = {}): Promise<TestMcpServer> {
  const sessions = new Map<string, { transport: StreamableHTTPServerTransport; server: Server }>();
  const calls: McpCall[] = [];
  const requests: IncomingMessage[] = [];
  let [lists, streams] = [0, 0];
  let lastBody = '';

  async function open(): Promise<StreamableHTTPServerTransport> {
    const server = new Server(
      { name: 'test', version: '1' },
      { capabilities: { logging: {}, tools: { listChanged: true } } },
    );
    server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
      lists += 1;
      const from = Number(params?.cursor ?? 0);
      const to = from + mcp.pageSize;
      const tools = mcp.tools.slice(from, to) as never[];
      return { tools, ...(to < mcp.tools.length && { nextCursor: String(to) }) };
    });
    server.setRequestHandler(CallToolRequestSchema, ({ params }, { requestId }) => {
      const call = { name: params.name, arguments: params.arguments, meta: params['_meta'] ?? {}, body: lastBody };
      calls.push(call);
      if (!mcp.tools.some(({ name }) => name === params.name)) throw new McpError(-32602, 'no such tool');
      return mcp.answer(call, server, requestId);
    });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse: json,
      onsessioninitialized: (id) => void sessions.set(id, { transport, server }),
    });
    await server.connect(transport);
    return transport;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(request);
    const body = await textOf(request);
    if (body.includes('tools/call')) lastBody = body;
    if (mcp.before(body, request, response)) return;
    const id = request.headers['mcp-session-id'] as string | undefined;
    const known = id === undefined ? undefined : sessions.get(id);
    if (id !== undefined && !known) {
      response.writeHead(404).end('no session');
      return;
    }
    if (request.method === 'GET') {
      streams += 1;
      response.on('close', () => (streams -= 1));
    }
    const transport = known?.transport ?? (await open());
    await transport.handleRequest(request, response, body === '' ? undefined : JSON.parse(body));
  }

  const http = createServer((request, response) => void handle(request, response).catch(() => {}));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;

  const mcp: TestMcpServer = {
    url: `http://127.0.0.1:${port}/mcp`,
    tools: [],
    pageSize: 100,
    answer: () => textResult('ok'),
    before: () => false,
    calls,
    lists: () => lists,
    requests,
    async restart() {
      const before = [...sessions.values()];
      sessions.clear();
      for (const { server } of before) await server.close();
    },
    async announce() {
      for (const { server } of sessions.values()) await server.sendToolListChanged();
    },
    streams: () => streams,
    async close() {
      await mcp.restart();
      http.closeAllConnections();
      http.close();
    },
  };
  t.teardown(() => mcp.close());
  return mcp;
}
