// One session with an MCP server.
import { randomUUID } from 'node:crypto';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpError, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { within } from '../concurrency/within.ts';
import { attemptOf, type Attempt } from '../domain/tools/attempts.ts';
import { mcpResult, textOfResult } from '../domain/tools/mcp.ts';
import { ERROR_BYTES, resultOf } from '../domain/tools/result-text.ts';
import { idempotencyKeyOf, type McpServer, type ToolCall } from '../domain/tools/tool.ts';
import type { AddressRule } from '../outbound/request.ts';
import { SessionLost, type Exchange } from './exchange.ts';
import { currentRequest, mcpFetch, McpRequest, REQUEST_MS } from './mcp-fetch.ts';

const CLIENT = { name: 'turnkeeper', version: '1' };
const MOST_PAGES = 50;
const MOST_TOOLS = 500;
/** The end of a session is announced to the server for at most this long. */
const GOODBYE_MS = 500;

const page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });

/** Some servers answer 400 to an unknown session. */
const isSessionLost = (status: number | undefined, text: string): boolean =>
  status === 404 || (status === 400 && /session/i.test(text));

export interface McpConnectionDeps {
  readonly server: McpServer;
  readonly rule: AddressRule;
  readonly onListChanged: () => void;
  /** An error that belongs to no request. */
  readonly onError: (error: Error) => void;
}

export class McpConnection {
  readonly #client: Client;
  readonly #transport: StreamableHTTPClientTransport;
  #pending = 0;
  #isRetired = false;

  private constructor({ server, rule, onListChanged, onError }: McpConnectionDeps) {
    this.#client = new Client(CLIENT, { capabilities: {} });
    // The SDK has no events.
    // oxlint-disable-next-line unicorn/prefer-add-event-listener
    this.#client.onerror = onError;
    this.#client.setNotificationHandler(ToolListChangedNotificationSchema, onListChanged);
    this.#transport = new StreamableHTTPClientTransport(new URL(server.url), { fetch: mcpFetch(server, rule) });
  }

  /** Starts a session. Rejects if the server does not, within a few seconds. */
  static async open(deps: McpConnectionDeps): Promise<McpConnection> {
    const connection = new McpConnection(deps);
    // The SDK's type of a transport does not allow a session id that is undefined.
    await connection.#client.connect(connection.#transport, { timeout: REQUEST_MS });
    return connection;
  }

  /** The entries of the server's list. Rejects with SessionLost, or another error. */
  list(): Promise<readonly unknown[]> {
    return this.#whilePending(async () => {
      const entries: unknown[] = [];
      let cursor: string | undefined;
      for (let pages = 1; pages <= MOST_PAGES && entries.length < MOST_TOOLS; pages += 1) {
        const params = cursor === undefined ? {} : { cursor };
        const { tools, nextCursor } = await this.#client.request({ method: 'tools/list', params }, page, {
          timeout: REQUEST_MS,
        });
        entries.push(...tools);
        if (nextCursor === undefined) break;
        cursor = nextCursor;
      }
      return entries.slice(0, MOST_TOOLS);
    }).catch((error: unknown) => {
      const { code, message } = error as StreamableHTTPError;
      const isLost = error instanceof StreamableHTTPError && this.#hasSession && isSessionLost(code, message);
      throw isLost ? new SessionLost(attemptOf('refused', message)) : error;
    });
  }

  /** Calls a tool once. Rejects with SessionLost, or with the reason of the caller's signal. */
  call(call: ToolCall, name: string, exchange: Exchange): Promise<Attempt> {
    const mark = randomUUID();
    const request = new McpRequest(exchange, { mark, text: call.arguments });
    const params = {
      name,
      arguments: mark as unknown as Record<string, unknown>,
      _meta: { 'turnkeeper/idempotency-key': idempotencyKeyOf(call) },
    };
    // The exchange has the deadline.
    const abandoned = new AbortController();
    const signal = AbortSignal.any([exchange.signal, abandoned.signal]);
    const options = { signal, timeout: call.tool.timeoutMs + REQUEST_MS };
    const ask = () => this.#client.request({ method: 'tools/call', params }, mcpResult, options);
    return this.#whilePending(async () => {
      try {
        const result = await currentRequest.run(request, () => Promise.race([ask(), request.ended]));
        const kind = result.isError === true ? 'refused' : 'done';
        return { kind, ...resultOf(textOfResult(result)), retryAfterMs: null };
      } catch (error) {
        // The SDK would wait for the result until the timeout.
        if (!request.refusal && !(error instanceof McpError)) abandoned.abort(error);
        return this.#attemptAfter(error, request);
      } finally {
        request.finished.abort(new Error('the call has ended'));
      }
    });
  }

  #attemptAfter(error: unknown, { exchange, refusal }: McpRequest): Attempt {
    if (refusal) {
      const { status, attempt } = refusal;
      if (!this.#hasSession || !isSessionLost(status, attempt.result)) return attempt;
      exchange.revoke();
      throw new SessionLost(attempt);
    }
    const isAnswer = error instanceof McpError && !exchange.signal.aborted && !this.#isClosed;
    if (!isAnswer) return exchange.attemptAfter(error);
    const { result, truncated } = resultOf(error.message, ERROR_BYTES);
    return { kind: 'refused', result: `The tool answered with an error: ${result}`, truncated, retryAfterMs: null };
  }

  get #hasSession(): boolean {
    return this.#transport.sessionId !== undefined;
  }

  #isClosed = false;

  async #whilePending<T>(work: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    try {
      return await work();
    } finally {
      this.#pending -= 1;
      if (this.#isRetired && this.#pending === 0) void this.close();
    }
  }

  /** Closes the session when no request is pending. */
  retire(): void {
    this.#isRetired = true;
    if (this.#pending === 0) void this.close();
  }

  /** Ends the session. Pending calls end as if the connection broke. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await within(GOODBYE_MS, this.#transport.terminateSession()).catch(() => {});
    await this.#client.close();
  }
}
