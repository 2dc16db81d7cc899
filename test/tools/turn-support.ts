// Shared by the tests of turns that call tools: a receiver with a ledger, an assistant with tools, and their turns.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assistantsFile, type AssistantsFile } from '../support/assistants.ts';
import { startApp, type AppOptions, type TestApp } from '../support/app.ts';
import { call, chat, waitForTurn, type Reply, type TurnJson } from '../support/client.ts';
import { startScriptedModel, type ModelCall, type ModelScript, type ScriptedCall } from '../support/model.ts';
import type { Owner } from '../support/owner.ts';

/** A request that the receiver got. */
export interface Received {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  readonly turn_id: string;
  readonly step: number;
  readonly call_id: string;
  readonly key: string;
  /** The caller's port. */
  readonly port: number;
  /** The whole body. */
  readonly body: string;
}

export interface ToolServer {
  readonly url: string;
  /** In the order of arrival. */
  readonly ledger: readonly Received[];
  /** Replaces the answer of all later requests. */
  answer(next: (response: ServerResponse, received: Received) => unknown): void;
}

/** A receiver that answers `{"ok":true}`. */
export async function startToolServer(t: Owner): Promise<ToolServer> {
  const ledger: Received[] = [];
  const json = (response: ServerResponse, value: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  let current: (response: ServerResponse, received: Received) => unknown = (response) => json(response, { ok: true });
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      const body = Buffer.concat(parts).toString();
      const key = String(request.headers['idempotency-key']);
      const received = { ...(JSON.parse(body) as Received), key, port: request.socket.remotePort ?? 0, body };
      ledger.push(received);
      await current(response, received);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/tools`, ledger, answer: (next) => void (current = next) };
}

export interface Step {
  readonly step: number;
  readonly tool: string;
  readonly status: string;
  readonly arguments?: Record<string, unknown>;
  readonly result?: unknown;
  readonly truncated?: boolean;
}

export interface ToolTurn extends TurnJson {
  readonly steps: readonly Step[];
  readonly review: { readonly review_id: string; readonly status: string; readonly reasons: string[] } | null;
}

export interface ToolReview {
  readonly review_id: string;
  readonly turn_id: string;
  readonly kind: string;
  readonly status: string;
  readonly draft: string | null;
  readonly draft_sha256: string | null;
  readonly tool_call: {
    readonly tool: string;
    readonly arguments: Record<string, unknown>;
    readonly call_id: string;
    readonly step: number;
    readonly arguments_sha256: string;
  } | null;
  readonly arguments: Record<string, unknown> | null;
  readonly result: unknown;
  readonly decided_by: string | null;
  readonly note: string | null;
}

const parameters = { type: 'object', properties: { order: { type: 'string' } }, additionalProperties: true };

/** `get_order` may be repeated, `set_note` under its key, and `refund` needs a person. */
export const toolsAt = (url: string) => ({
  get_order: { description: 'Reads an order.', parameters, url, effect: 'read', timeout_s: 2 },
  set_note: { description: 'Sets the note.', parameters, url, effect: 'idempotent', approval: false, timeout_s: 2 },
  charge: { description: 'Charges once.', parameters, url, effect: 'once', approval: false, timeout_s: 2 },
  refund: { description: 'Refunds an order.', parameters, url, effect: 'once', approval: true, timeout_s: 2 },
});

/** A file with one assistant that has these tools. */
export const shop = (tools: Readonly<Record<string, object>>, more: object = {}) => ({
  assistants: { shop: { instructions: 'You serve customers.', tools: Object.keys(tools), ...more } },
  tools,
});

/** Answers with these calls in turn, one list for each model call of a turn, then with `done: <the last result>`. */
export const scripted =
  (...rounds: readonly (readonly ScriptedCall[])[]) =>
  ({ messages }: ModelCall): ModelScript => {
    const last = messages.findLastIndex(({ role }) => role === 'user');
    const results = messages.slice(last + 1).filter(({ role }) => role === 'tool');
    const answers = messages.slice(last + 1).filter(({ role }) => role === 'assistant').length;
    const calls = rounds[answers];
    return calls ? { calls } : { text: `done: ${results.at(-1)?.content ?? 'nothing'}` };
  };

export interface ToolApp extends TestApp {
  readonly server: ToolServer;
  readonly file: AssistantsFile;
}

/** Starts the app with a receiver and an assistant that has its tools. */
export async function startToolApp(
  t: Owner,
  { settings, ...options }: AppOptions = {},
  more: object = {},
): Promise<ToolApp> {
  const server = await startToolServer(t);
  const file = assistantsFile(t, shop(toolsAt(server.url), more));
  const model = options.model ?? (await startScriptedModel(t));
  const app = await startApp(t, {
    ...options,
    model,
    settings: { ASSISTANTS: file.path, TOOLS_ALLOW_PRIVATE: 'yes', ...settings },
  });
  return { ...app, server, file };
}

/** Posts a message and waits until its turn is settled. */
export async function ask(url: string, text: string, userId = 'ann', rest: object = {}): Promise<ToolTurn> {
  const { turn_id: turnId } = await chat(url, { user_id: userId, text, ...rest });
  return (await waitForTurn(url, turnId)) as ToolTurn;
}

export const turnOf = async (url: string, turnId: string): Promise<ToolTurn> =>
  (await call<ToolTurn>(url, `/turns/${turnId}`)).body;

export const reviewOf = async (url: string, turn: ToolTurn): Promise<ToolReview> =>
  (await call<ToolReview>(url, `/reviews/${turn.review!.review_id}`)).body;

export const decideOn = (url: string, turn: ToolTurn, decision: object): Promise<Reply<ToolReview>> =>
  call<ToolReview>(url, `/reviews/${turn.review!.review_id}/decision`, { body: decision });

/** Waits until a turn has left its review and is settled again. */
export async function afterDecision(url: string, { turn_id: turnId, review }: ToolTurn): Promise<ToolTurn> {
  for (const deadline = Date.now() + 30_000; ;) {
    const turn = await turnOf(url, turnId);
    const isOpen = ['queued', 'running'].includes(turn.status);
    const isSame = turn.status === 'awaiting_review' && turn.review?.review_id === review?.review_id;
    if (!isOpen && !isSame) return turn;
    if (Date.now() > deadline) throw new Error(`turn ${turnId} is still ${turn.status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const statuses = ({ steps }: ToolTurn): string[] => steps.map(({ tool, status }) => `${tool} ${status}`);
