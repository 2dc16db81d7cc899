// Calls tools: repeats, spans and metrics are the same for tools over HTTP and on MCP servers.
import { setTimeout as sleep } from 'node:timers/promises';
import { approvalNeeded, faultOfArguments } from '../domain/tools/arguments.ts';
import { offeredTools } from '../domain/tools/mcp.ts';
import { nextOf, type Attempt } from '../domain/tools/attempts.ts';
import type { AssistantTools, CallOutcome, Tool, Toolbox, ToolCall } from '../domain/tools/tool.ts';
import type { AddressRule } from '../outbound/request.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { inSpan } from '../telemetry/tracing.ts';
import { callOverHttp } from './http-call.ts';
import { McpSessions } from './mcp-sessions.ts';

export interface LiveToolboxDeps {
  readonly rule: AddressRule;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/** How a call ended, in metrics and traces. */
type Ending = CallOutcome['status'] | 'aborted';

export class LiveToolbox implements Toolbox {
  readonly #deps: LiveToolboxDeps;
  readonly #sessions: McpSessions;

  constructor(deps: LiveToolboxDeps) {
    this.#deps = deps;
    const { rule, log, now = () => performance.now() } = deps;
    this.#sessions = new McpSessions({ rule, log, now });
  }

  async toolsOf(tools: AssistantTools): Promise<readonly Tool[]> {
    const servers = [...new Set(tools.mcp.map(({ server }) => server))];
    const lists = servers.map(async (server) => [server, await this.#sessions.of(server).tools()] as const);
    return offeredTools(tools, new Map(await Promise.all(lists)));
  }

  faultOf(tool: Tool, argumentsText: string): string | null {
    return faultOfArguments(tool, argumentsText);
  }

  needsApproval(tool: Tool, argumentsText: string): boolean {
    return approvalNeeded(tool, argumentsText);
  }

  call(call: ToolCall, signal: AbortSignal): Promise<CallOutcome> {
    const { name, endpoint } = call.tool;
    const attributes = {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.type': endpoint.kind === 'http' ? 'function' : 'extension',
      'gen_ai.tool.call.id': call.callId,
      'gen_ai.conversation.id': call.sessionId,
    };
    return inSpan(`execute_tool ${name}`, { attributes }, async (span) => {
      const startedAt = performance.now();
      let ending: Ending = 'aborted';
      try {
        const outcome = await this.#repeated(call, signal);
        ending = outcome.status;
        return outcome;
      } finally {
        const { toolCalls, toolSeconds } = this.#deps.metrics;
        toolCalls.inc({ tool: name, outcome: ending });
        toolSeconds.observe({ tool: name }, (performance.now() - startedAt) / 1_000);
        if (ending !== 'done') span.setAttribute('error.type', ending);
      }
    });
  }

  /** Makes the call, and repeats it as its effect allows. */
  async #repeated(call: ToolCall, signal: AbortSignal): Promise<CallOutcome> {
    for (let made = 1; ; made += 1) {
      signal.throwIfAborted();
      const attempt = await this.#attempt(call, signal);
      const next = nextOf(call.tool.effect, attempt, made, Math.random());
      if ('outcome' in next) return next.outcome;
      await sleep(next.waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  #attempt(call: ToolCall, signal: AbortSignal): Promise<Attempt> {
    const { endpoint } = call.tool;
    return endpoint.kind === 'http'
      ? callOverHttp(call, endpoint, this.#deps.rule, signal)
      : this.#sessions.of(endpoint.server).call(call, endpoint.name, signal);
  }

  /** Ends the sessions with MCP servers. */
  close(): Promise<void> {
    return this.#sessions.close();
  }
}
