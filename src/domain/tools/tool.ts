// Tools: functions that a model may ask for, and that turnkeeper calls. No I/O.

/** Whether a call may be repeated: `read` always, `idempotent` under the same key, `once` never by itself. */
export const EFFECTS = ['read', 'idempotent', 'once'] as const;
export type Effect = (typeof EFFECTS)[number];

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Whether a person must approve a call before it is made. `unless`: not if the arguments match this schema. */
export type Approval = boolean | { readonly unless: JsonSchema };

/** A tool that is called with an HTTP request. */
export interface HttpEndpoint {
  readonly kind: 'http';
  readonly url: string;
  /** Signs the requests; null: they are not signed. */
  readonly secret: string | null;
}

/** A tool of an MCP server. */
export interface McpEndpoint {
  readonly kind: 'mcp';
  readonly server: McpServer;
  /** As the server names it. */
  readonly name: string;
}

/** What the operator says about a tool, or about all tools of a server. */
export interface ToolTraits {
  readonly effect: Effect;
  readonly approval: Approval;
  readonly timeoutMs: number;
}

export interface McpServer {
  /** In the assistants file. */
  readonly name: string;
  readonly url: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** For tools that are not in `byTool`. */
  readonly traits: ToolTraits;
  readonly byTool: ReadonlyMap<string, ToolTraits>;
}

export interface Tool extends ToolTraits {
  /** In the file, the API and the review: `refund`, or `docs/search` of the MCP server `docs`. */
  readonly name: string;
  /** As the model calls it: `refund`, `docs__search`. */
  readonly modelName: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: JsonSchema;
  readonly endpoint: HttpEndpoint | McpEndpoint;
  /** Changes when an MCP server changes the description or the parameters; null: the tool is defined in the file. */
  readonly version: string | null;
}

/** Tools of MCP servers that an assistant may use. `tool` null: all of the server. */
export interface McpGrant {
  readonly server: McpServer;
  readonly tool: string | null;
}

/** The tools that an assistant may use. */
export interface AssistantTools {
  readonly http: readonly Tool[];
  readonly mcp: readonly McpGrant[];
  /** Maximum number of tool calls of a turn. Then the model answers without tools. */
  readonly maxSteps: number;
}

/** Whether the model is ever offered one. */
export const hasTools = ({ http, mcp, maxSteps }: AssistantTools): boolean =>
  maxSteps > 0 && http.length + mcp.length > 0;

export const DEFAULT_MAX_STEPS = 8;
export const NO_TOOLS: AssistantTools = { http: [], mcp: [], maxSteps: DEFAULT_MAX_STEPS };

/** One call of a tool. */
export interface ToolCall {
  readonly tool: Tool;
  /** The JSON text of an object. It is sent as it is. */
  readonly arguments: string;
  readonly turnId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly assistant: string;
  /** Number of the call within its turn, from 1. Together with the turn it is the idempotency key. */
  readonly step: number;
  /** As the model named the call. */
  readonly callId: string;
}

/** The key under which a tool knows a call, also when it is repeated. */
export const idempotencyKeyOf = ({ turnId, step }: Pick<ToolCall, 'turnId' | 'step'>): string => `${turnId}:${step}`;

/** What the model and reviewers get of a call. `result` is JSON or text. */
export interface ToolResult {
  readonly result: string;
  /** The rest of the result was cut off. */
  readonly truncated: boolean;
}

/** How a call ended. `failed`: the result is the error, which the model gets. `unknown`: a `once` call may have been
 *  carried out, and nobody knows; `result` says what happened. */
export interface CallOutcome extends ToolResult {
  readonly status: 'done' | 'failed' | 'unknown';
}

/** The port to the tools. */
export interface Toolbox {
  /** The tools that the assistant may use now, in the order of its definition. Those of an MCP server that cannot be read
   *  are left out. */
  toolsOf(tools: AssistantTools): Promise<readonly Tool[]>;
  /** What is wrong with the arguments, for the model; null: nothing. */
  faultOf(tool: Tool, argumentsText: string): string | null;
  /** Whether a person must approve a call with these arguments, by the tool's rule. */
  needsApproval(tool: Tool, argumentsText: string): boolean;
  /** Makes the call, with the repeats that its effect allows. Rejects with the signal's reason when it aborts; a `once` call
   *  does not get a signal that aborts after it was sent. */
  call(call: ToolCall, signal: AbortSignal): Promise<CallOutcome>;
}
