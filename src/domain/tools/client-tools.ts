// Tools of clients: a client of /v1 offers them, makes the calls itself, and sends the results with its next request. Pure.
import { hash } from 'node:crypto';
import type { AssistantTools, JsonSchema } from './tool.ts';

export const CLIENT_TOOL_LIMITS = {
  tools: 128,
  /** Of all tools as JSON, in bytes. */
  toolsBytes: 512 * 1024,
  /** Of all results together, in characters. */
  resultCharacters: 500_000,
} as const;

/** A tool as the client offers it. */
export interface ClientTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonSchema;
  /** Whether the arguments must match the schema exactly. Missing: not said. */
  readonly strict?: boolean;
}

/** A call that the client has to make. */
export interface ClientCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote them: usually the JSON text of an object. */
  readonly arguments: string;
}

/** The result of a call. */
export interface ClientResult {
  readonly callId: string;
  readonly content: string;
}

/** The results that a client sends. */
export interface ClientResults {
  /** Of the calls of the turn that this one continues. Empty: none. */
  readonly results: readonly ClientResult[];
  /** The calls as the client shows them, if they are not those of the turn that this one continues. */
  readonly calls?: readonly ClientCall[] | undefined;
}

/** What a client asks for besides text. */
export interface ClientRequest extends ClientResults {
  /** Empty: none are offered. */
  readonly tools: readonly ClientTool[];
  /** In the terms of chat completions. Missing: not said. */
  readonly toolChoice?: string | object;
  readonly parallelToolCalls?: boolean;
}

/** What the client of a turn asked for. */
export interface RequestOfTurn {
  readonly turnId: string;
  readonly seq: number;
  readonly request: ClientRequest;
}

/** The parts of a request that are stored separately: later prompts have the results, but not the tools. */
export const storedRequest = ({ results, calls, ...request }: ClientRequest) => ({
  request: JSON.stringify(request),
  results: results.length === 0 ? null : JSON.stringify({ results, calls } satisfies ClientResults),
  hash: hashOfResults(results),
});

/** A hash of the results; empty: there are none. */
export const hashOfResults = (results: readonly ClientResult[]): string =>
  results.length === 0
    ? ''
    : hash('sha256', JSON.stringify(results.map((each) => [each.callId, each.content])), 'base64url');

/** Whether the assistant may have a tool of this name. The tools of an MCP server are not known here. */
export const mayHaveTool = ({ http, mcp }: AssistantTools, name: string): boolean =>
  http.some(({ modelName }) => modelName === name) ||
  mcp.some(({ server, tool }) =>
    tool === null ? name.startsWith(`${server.name}__`) : name === `${server.name}__${tool}`,
  );
