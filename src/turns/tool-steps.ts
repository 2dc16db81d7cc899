// The calls of tools of one claimed turn: journals what the model asks for, makes the calls, and finds out when a person has
// to decide. Whether a call may be made is decided right before it is made, by the definition that its tool has then.
import type { Work } from '../actors/user-session.ts';
import type { Reason } from '../domain/policy.ts';
import type { ToolReviewKind } from '../domain/review.ts';
import type { ClientCall } from '../domain/tools/client-tools.ts';
import {
  callsOf,
  expiryOf,
  isOpen,
  ruleOf,
  type CallStep,
  type Journal,
  type ModelStep,
} from '../domain/tools/step.ts';
import type { AssistantTools, CallOutcome, Tool, Toolbox } from '../domain/tools/tool.ts';
import type { Completion, ProposedCall } from '../model/model.ts';
import { proposedCalls } from '../domain/tools/proposal.ts';
import type { Database } from '../store/database.ts';
import { endCall, propose, recordOutcome, startCalls } from '../store/steps/journal.ts';
import type { Log } from '../telemetry/log.ts';
import { commitUntilDone } from './turn-commits.ts';

/** How long the outcome of a call that was made is offered to the database after the claim was lost. */
const RECORD_MS = 60_000;

export interface ToolStepsDeps {
  readonly database: Database;
  readonly toolbox: Toolbox;
  /** Readers of the turn read it again. */
  readonly changed: (turnId: string) => void;
  readonly log: Log;
}

/** A call on which a person has to decide. */
export interface Parked {
  readonly kind: ToolReviewKind;
  readonly call: CallStep;
  readonly rule: string;
  readonly reasons: readonly Reason[];
}

/** `done`: the model can be called again. `lost`: the claim was lost. */
export type StepsOutcome = 'done' | 'lost' | Parked;

type Plan =
  | { readonly do: 'end'; readonly status: 'failed' | 'declined'; readonly result: string }
  | { readonly do: 'park'; readonly parked: Parked }
  | { readonly do: 'call'; readonly tool: Tool };

export class ToolSteps {
  readonly #deps: ToolStepsDeps;
  readonly #work: Work;
  readonly #tools: AssistantTools;
  readonly #assistant: string;
  #journal: ModelStep[];
  #clientCalls: readonly ClientCall[];
  /** Calls that this claim has started, by their ordinals. */
  readonly #started = new Set<number>();
  #ranMs = 0;

  constructor(deps: ToolStepsDeps, work: Work, assistant: { name: string; tools: AssistantTools }, journal: Journal) {
    this.#deps = deps;
    this.#work = work;
    this.#tools = assistant.tools;
    this.#assistant = assistant.name;
    this.#journal = [...journal];
    this.#clientCalls = work.clientCalls ?? [];
    this.#ranMs = callsOf(journal).reduce((sum, { ranMs }) => sum + ranMs, 0);
  }

  get journal(): Journal {
    return this.#journal;
  }

  /** What the last answer asks the client for, after the calls in the journal. */
  get clientCalls(): readonly ClientCall[] {
    return this.#clientCalls;
  }

  /** Milliseconds that calls took so far. */
  get ranMs(): number {
    return this.#ranMs;
  }

  /** Whether the assistant has any. */
  get hasTools(): boolean {
    return this.#tools.http.length > 0 || this.#tools.mcp.length > 0;
  }

  /** How many calls the model may still ask for. */
  get left(): number {
    return Math.max(0, this.#tools.maxSteps - callsOf(this.#journal).length);
  }

  /** The tools that the model is offered now: none once the turn has used all its steps. */
  async offered(): Promise<readonly Tool[]> {
    return this.left === 0 || !this.hasTools ? [] : this.#deps.toolbox.toolsOf(this.#tools);
  }

  /** Journals an answer that asks for these calls, and the client for others. Those beyond the limit are left out.
   *  @throws Unavailable */
  async propose(
    completion: Completion,
    { own, client }: { readonly own: readonly ProposedCall[]; readonly client: readonly ClientCall[] },
    { tools, attempts }: { readonly tools: readonly Tool[]; readonly attempts: number },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { database, toolbox, changed } = this.#deps;
    const before = callsOf(this.#journal);
    const ordinal = this.#journal.length + before.length + 1;
    const calls = proposedCalls(own.slice(0, this.left), {
      tools,
      toolbox,
      earlier: before,
      ordinal,
    });
    const { text: content, model, usage } = completion;
    const answer: ModelStep = { ordinal, content, model, usage, calls };
    const committed = await commitUntilDone(() => propose(database, this.#work, attempts, answer, client), signal);
    if (!committed) return false;
    this.#journal.push(answer);
    this.#clientCalls = client;
    for (const { ordinal: started } of calls.filter(({ status }) => status === 'running')) this.#started.add(started);
    changed(this.#work.turnId);
    return true;
  }

  /** Makes the open calls of the last answer: at once if all calls of the answer are safe to repeat, otherwise in order.
   *  Rejects with the signal's reason when it aborts. @throws Unavailable */
  async run(signal: AbortSignal): Promise<StepsOutcome> {
    for (;;) {
      const last = this.#journal.at(-1);
      const open = (last?.calls ?? []).filter(isOpen);
      if (!last || open.length === 0) return 'done';
      const tools = await this.#deps.toolbox.toolsOf(this.#tools);
      const plans = open.map((call) => ({ call, plan: this.#planOf(call, tools) }));
      const areReads = plans.every(
        ({ call, plan }) => plan.do === 'call' && plan.tool.effect === 'read' && call.effect === 'read',
      );
      const [first] = plans;
      if (!areReads && first!.plan.do === 'park') return first!.plan.parked;
      if (!(await this.#carryOut(areReads ? plans : [first!], signal))) return 'lost';
    }
  }

  #planOf(call: CallStep, tools: readonly Tool[]): Plan {
    const { toolbox } = this.#deps;
    const tool = tools.find(({ name }) => name === call.tool);
    const rule = tool ? ruleOf(tool.approval) : '';
    const wasStarted = call.status === 'running' && !this.#started.has(call.ordinal);
    if (call.status === 'unknown' || (wasStarted && call.effect === 'once'))
      return { do: 'park', parked: { kind: 'tool_outcome', call, rule, reasons: [outcomeReason(call)] } };
    if (!tool) return { do: 'end', status: 'declined', result: `The tool ${call.tool} may not be called any more.` };
    if (tool.version !== call.version)
      return { do: 'end', status: 'failed', result: `The tool ${call.tool} has changed since the call was asked for.` };
    const fault = toolbox.faultOf(tool, call.arguments);
    if (fault !== null) return { do: 'end', status: 'failed', result: fault };
    const isApproved = call.approved && call.rule === rule;
    if (!isApproved && toolbox.needsApproval(tool, call.arguments))
      return { do: 'park', parked: { kind: 'tool_call', call, rule, reasons: [approvalReason(call)] } };
    return { do: 'call', tool };
  }

  /** False: the claim was lost. */
  async #carryOut(group: readonly { call: CallStep; plan: Plan }[], signal: AbortSignal): Promise<boolean> {
    const { database, changed } = this.#deps;
    const toStart = group.flatMap(({ call, plan }) =>
      plan.do === 'call' && !this.#started.has(call.ordinal)
        ? [{ ordinal: call.ordinal, effect: plan.tool.effect, expiresS: expiryOf(plan.tool) }]
        : [],
    );
    if (toStart.length > 0) {
      if (!(await commitUntilDone(() => startCalls(database, this.#work, toStart), signal))) return false;
      for (const { ordinal } of toStart) this.#started.add(ordinal);
      changed(this.#work.turnId);
    }
    const results = await Promise.all(
      group.map(async ({ call, plan }) => {
        if (plan.do === 'call') return this.#make(call, plan.tool, signal);
        return plan.do === 'end' && this.#end(call, plan, signal);
      }),
    );
    return results.every(Boolean);
  }

  async #end(
    call: CallStep,
    { status, result }: { status: 'failed' | 'declined'; result: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { database, changed } = this.#deps;
    const { ordinal } = call;
    if (!(await commitUntilDone(() => endCall(database, this.#work, { ordinal, status, result }), signal)))
      return false;
    this.#replace({ ...call, status, result });
    changed(this.#work.turnId);
    return true;
  }

  /** Makes a call and records its outcome. A `once` call is not abandoned when the signal aborts: its outcome is recorded when
   *  it is known, although nobody waits for it then. */
  async #make(call: CallStep, tool: Tool, signal: AbortSignal): Promise<boolean> {
    const made = this.#callAndRecord(call, tool, signal);
    if (tool.effect !== 'once') return made;
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
    made.catch((error: Error) =>
      this.#deps.log.error(
        { turn_id: this.#work.turnId, step: call.step, tool: tool.name, detail: error.message },
        'The outcome of a call could not be recorded.',
      ),
    );
    try {
      return await Promise.race([made, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      aborted.promise.catch(() => {});
    }
  }

  async #callAndRecord(call: CallStep, tool: Tool, signal: AbortSignal): Promise<boolean> {
    const { database, toolbox, changed } = this.#deps;
    const { turnId, userId, sessionId } = this.#work;
    const { step, callId, ordinal } = call;
    const startedAt = performance.now();
    const made = {
      tool,
      arguments: call.arguments,
      turnId,
      userId,
      sessionId,
      assistant: this.#assistant,
      step,
      callId,
    };
    const outcome: CallOutcome = await toolbox.call(made, signal);
    const ranMs = performance.now() - startedAt;
    const recording = tool.effect === 'once' ? AbortSignal.timeout(RECORD_MS) : signal;
    if (!(await commitUntilDone(() => recordOutcome(database, this.#work, ordinal, outcome), recording))) return false;
    this.#ranMs += ranMs;
    this.#replace({ ...call, ...outcome, ranMs });
    changed(turnId);
    return true;
  }

  #replace(call: CallStep): void {
    this.#journal = this.#journal.map((answer) => ({
      ...answer,
      calls: answer.calls.map((each) => (each.ordinal === call.ordinal ? call : each)),
    }));
  }
}

const approvalReason = ({ tool }: CallStep): Reason => ({
  rule: 'tool_approval',
  detail: `A person must approve calls of ${tool}.`,
});

const outcomeReason = ({ tool }: CallStep): Reason => ({
  rule: 'tool_outcome',
  detail: `A call of ${tool} was started, and its outcome is not known.`,
});
