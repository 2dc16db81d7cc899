// The tools of one MCP server: its list, which is kept for a while, and its calls, in a session that is renewed if the server
// has lost it.
import { singleFlight } from '../concurrency/single-flight.ts';
import { unlessAborted, within } from '../concurrency/within.ts';
import { attemptOf, type Attempt } from '../domain/tools/attempts.ts';
import { ERROR_BYTES, resultOf } from '../domain/tools/result-text.ts';
import { listedTool, type ListedTool } from '../domain/tools/mcp.ts';
import type { McpServer, ToolCall } from '../domain/tools/tool.ts';
import { capped } from '../domain/text.ts';
import type { AddressRule } from '../outbound/request.ts';
import type { Log } from '../telemetry/log.ts';
import { Exchange, SessionLost } from './exchange.ts';
import type { McpConnection, McpConnectionDeps } from './mcp-connection.ts';

/** How long a list is used without a look at the server. */
const FRESH_MS = 60_000;
/** How long it is used while the server cannot be read. */
const USABLE_MS = 600_000;
/** Time for all pages of a list, with the start of a session. Turns wait for it. */
const LIST_MS = 10_000;
/** Pause after the server could not be read, in which turns do not wait for it. */
const PAUSE_MS = 15_000;

/** Maximum number of log lines about tools that are not offered, and of characters of a detail. */
const MOST_LOGGED = 1_000;
const DETAIL_CHARACTERS = 500;

export interface McpSessionDeps {
  readonly rule: AddressRule;
  readonly log: Log;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Loads the SDK, which takes 20 MB, only in processes that use MCP servers. */
const open = async (deps: McpConnectionDeps): Promise<McpConnection> =>
  (await import('./mcp-connection.ts')).McpConnection.open(deps);

interface KnownList {
  readonly tools: readonly ListedTool[];
  readonly readAt: number;
}

export class McpSession {
  readonly #server: McpServer;
  readonly #deps: McpSessionDeps;
  readonly #refused = new Set<string>();
  #connecting: Promise<McpConnection> | null = null;
  #connection: McpConnection | null = null;
  #list: KnownList | null = null;
  #isStale = true;
  #failedAt = -Infinity;
  #isClosed = false;
  readonly #refresh = singleFlight(() => this.#readList());

  constructor(server: McpServer, deps: McpSessionDeps) {
    this.#server = server;
    this.#deps = deps;
  }

  /** The tools of the server; empty: it cannot be read. Does not reject. */
  async tools(): Promise<readonly ListedTool[]> {
    const now = this.#deps.now();
    const isFresh = this.#list !== null && !this.#isStale && now - this.#list.readAt < FRESH_MS;
    if (!isFresh && now - this.#failedAt >= PAUSE_MS) await this.#refresh();
    const list = this.#list;
    return list !== null && this.#deps.now() - list.readAt < USABLE_MS ? list.tools : [];
  }

  async #readList(): Promise<void> {
    const { log, now } = this.#deps;
    // A change that is announced while the list is read makes it stale again.
    this.#isStale = false;
    try {
      const entries = await within(
        LIST_MS,
        this.#inSession((connection) => connection.list()),
      );
      const known = new Map(this.#list?.tools.map((tool) => [tool.version, tool]));
      this.#list = { tools: this.#offered(entries, known), readAt: now() };
      this.#failedAt = -Infinity;
    } catch (error) {
      this.#isStale = true;
      this.#failedAt = now();
      log.warn(
        { mcpServer: this.#server.name, detail: capped((error as Error).message, DETAIL_CHARACTERS) },
        'The tools of an MCP server could not be read.',
      );
    }
  }

  #offered(entries: readonly unknown[], known: ReadonlyMap<string, ListedTool>): ListedTool[] {
    return entries.flatMap((entry) => {
      const tool = listedTool(this.#server.name, entry, known);
      if (!('fault' in tool)) return [tool];
      const key = JSON.stringify(tool);
      if (!this.#refused.has(key) && this.#refused.size < MOST_LOGGED) {
        this.#refused.add(key);
        this.#deps.log.warn({ mcpServer: this.#server.name, ...tool }, 'A tool of an MCP server is not offered.');
      }
      return [];
    });
  }

  /** Calls a tool once. Rejects with the signal's reason if it ended the call. */
  async call(call: ToolCall, name: string, signal: AbortSignal): Promise<Attempt> {
    const exchange = new Exchange(signal, call.tool.effect, call.tool.timeoutMs);
    try {
      const listed = (await unlessAborted(exchange.signal, this.tools())).find((tool) => tool.name === name);
      if (listed && listed.version !== call.tool.version)
        return attemptOf('unsent', 'The tool was not called: its server has changed it meanwhile.');
      return await this.#inSession((connection) => connection.call(call, name, exchange), exchange.signal);
    } catch (error) {
      if (error instanceof SessionLost) return error.attempt;
      return exchange.wasSent || exchange.signal.aborted
        ? exchange.attemptAfter(error)
        : attemptWithoutSession(error, exchange);
    } finally {
      exchange.end();
    }
  }

  /** Runs `work` in the session, and once more in a new one if the server has lost it. */
  async #inSession<T>(work: (connection: McpConnection) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const connected = () => (signal ? unlessAborted(signal, this.#connected()) : this.#connected());
    const connection = await connected();
    try {
      return await work(connection);
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      this.#forget(connection);
      return work(await connected());
    }
  }

  #connected(): Promise<McpConnection> {
    if (this.#isClosed) return Promise.reject(new Error('the process stops'));
    this.#connecting ??= open({
      server: this.#server,
      rule: this.#deps.rule,
      onListChanged: () => {
        this.#isStale = true;
      },
      onError: (error) =>
        this.#deps.log.debug(
          { mcpServer: this.#server.name, detail: error.message },
          'An MCP connection had an error.',
        ),
    }).then(
      (connection) => {
        this.#connection = connection;
        return connection;
      },
      (error: unknown) => {
        this.#connecting = null;
        throw error;
      },
    );
    return this.#connecting;
  }

  #forget(connection: McpConnection): void {
    // Another caller may have renewed the session already.
    if (this.#connection === connection) {
      this.#connecting = null;
      this.#connection = null;
    }
    connection.retire();
  }

  /** Ends the session, or waits until it does not start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const connection = await this.#connecting?.catch(() => null);
    await connection?.close();
  }
}

/** Why a call was not sent: there is no session. */
function attemptWithoutSession(error: unknown, exchange: Exchange): Attempt {
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  if (typeof code === 'string' || code === undefined) return exchange.attemptAfter(error);
  const refuses = typeof code === 'number' && code >= 400 && code < 500 && ![408, 425, 429].includes(code);
  return attemptOf(
    refuses ? 'unsent' : 'postponed',
    `The tool was not called: the MCP server starts no session: ${resultOf(message, ERROR_BYTES).result}`,
  );
}
