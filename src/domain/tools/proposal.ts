// The calls that a model asks for, as they enter the journal. Pure.
import { storableText } from '../text.ts';
import { storedArguments } from './stored-values.ts';
import { expiryOf, type CallStep } from './step.ts';
import type { Tool, Toolbox } from './tool.ts';

/** Characters of a name or an id that a model wrote. */
const NAME_CHARACTERS = 100;

/** A call as a model asks for it. */
interface Asked {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface ProposalContext {
  /** Those that were offered. */
  readonly tools: readonly Tool[];
  readonly toolbox: Pick<Toolbox, 'faultOf' | 'needsApproval'>;
  /** The calls before. */
  readonly earlier: readonly CallStep[];
  /** Of the answer that asks for the calls. */
  readonly ordinal: number;
}

const capped = (text: string): string => storableText(text).slice(0, NAME_CHARACTERS).toWellFormed();

function callOf(asked: Asked, step: number, ordinal: number, { tools, toolbox }: ProposalContext): CallStep {
  const tool = tools.find(({ modelName }) => modelName === asked.name);
  const stored = storedArguments(asked.arguments);
  const text = 'text' in stored ? stored.text : '{}';
  const fault = tool
    ? (toolbox.faultOf(tool, asked.arguments.trim() || '{}') ?? ('fault' in stored ? stored.fault : null))
    : `There is no tool ${capped(asked.name)}.`;
  return {
    step,
    ordinal,
    tool: tool?.name ?? capped(asked.name),
    modelName: tool?.modelName ?? capped(asked.name),
    callId: capped(asked.id),
    arguments: text,
    // Without a tool nothing is called.
    effect: tool?.effect ?? 'read',
    version: tool?.version ?? null,
    status: fault === null ? 'proposed' : 'failed',
    rule: null,
    approved: false,
    result: fault,
    truncated: false,
    expiresS: tool ? expiryOf(tool) : 0,
    ranMs: 0,
  };
}

/** The calls with those running that may be made at once: all of them if all are safe to repeat, otherwise the first one. A
 *  call that a person must approve waits, and so do the calls after it. */
function started(calls: readonly CallStep[], { tools, toolbox }: ProposalContext): CallStep[] {
  const mayStart = ({ tool: name, arguments: text }: CallStep): boolean => {
    const tool = tools.find((each) => each.name === name);
    return tool !== undefined && !toolbox.needsApproval(tool, text);
  };
  const waiting = calls.filter(({ status }) => status === 'proposed');
  const areReads = waiting.every((call) => call.effect === 'read' && mayStart(call));
  const starting = new Set((areReads ? waiting : waiting.slice(0, 1)).filter(mayStart));
  return calls.map((call) => (starting.has(call) ? { ...call, status: 'running' } : call));
}

/** The calls as they enter the journal. Those with faults have failed already, and the model gets the faults. Ids that the
 *  model used before are replaced. */
export function proposedCalls(asked: readonly Asked[], context: ProposalContext): CallStep[] {
  const ids = new Set(context.earlier.map(({ callId }) => callId));
  const calls = asked.map((each, index) => {
    const step = context.earlier.length + index + 1;
    const call = callOf(each, step, context.ordinal + index + 1, context);
    const isUsable = call.callId !== '' && !ids.has(call.callId);
    const callId = isUsable ? call.callId : `call_${context.ordinal}_${step}`;
    ids.add(callId);
    return { ...call, callId };
  });
  return started(calls, context);
}
