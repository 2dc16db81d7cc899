// Calls tools: repeats, spans and metrics are the same for tools over HTTP and on MCP servers.
import { setTimeout as sleep } from 'node:timers/promises';
import { approvalNeeded, faultOfArguments } from '../domain/tools/arguments.ts';
import { nextOf, type Attempt } from '../domain/tools/attempts.ts';
import type { AssistantTools, CallOutcome, Tool, Toolbox, ToolCall } from '../domain/tools/tool.ts';
import type { AddressRule } from '../outbound/request.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { inSpan } from '../telemetry/tracing.ts';
import { callOverHttp } from './http-call.ts';

export interface LiveToolboxDeps {
  readonly rule: AddressRule;
  readonly metrics: Metrics;
}

/** How a call ended, in metrics and traces. */
type Ending = CallOutcome['status'] | 'aborted';

export class LiveToolbox implements Toolbox {
  readonly #deps: LiveToolboxDeps;

  constructor(deps: LiveToolboxDeps) {
    this.#deps = deps;
  }

  async toolsOf({ http }: AssistantTools): Promise<readonly Tool[]> {
    return http;
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

  async #attempt(call: ToolCall, signal: AbortSignal): Promise<Attempt> {
    const { endpoint } = call.tool;
    if (endpoint.kind === 'mcp') throw new Error('tools of MCP servers are not offered yet');
    return callOverHttp(call, endpoint, this.#deps.rule, signal);
  }
}
