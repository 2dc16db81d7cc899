// The sessions with all MCP servers that assistants use, or used until recently.
import type { McpServer } from '../domain/tools/tool.ts';
import { McpSession, type McpSessionDeps } from './mcp-session.ts';

/** A session that nobody used for this long is closed: its server may be gone from the file. */
const IDLE_MS = 600_000;

interface Entry {
  readonly session: McpSession;
  usedAt: number;
}

export class McpSessions {
  readonly #deps: McpSessionDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: McpSessionDeps) {
    this.#deps = deps;
  }

  /** The session with a server. Two versions of the file share it, unless they differ in the address or the headers. */
  of(server: McpServer): McpSession {
    const now = this.#deps.now();
    for (const [key, { session, usedAt }] of this.#entries)
      if (now - usedAt > IDLE_MS) {
        this.#entries.delete(key);
        void session.close();
      }
    const key = JSON.stringify([server.name, server.url, server.headers]);
    const entry = this.#entries.get(key) ?? { session: new McpSession(server, this.#deps), usedAt: now };
    entry.usedAt = now;
    this.#entries.set(key, entry);
    return entry.session;
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(({ session }) => session.close()));
  }
}
