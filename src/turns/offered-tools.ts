// The tools that a model is offered for a turn: those of the assistant, which turnkeeper calls, and those of the client, which
// the client calls. Pure.
import type { ClientRequest } from '../domain/tools/client-tools.ts';
import type { Journal } from '../domain/tools/step.ts';
import type { Tool } from '../domain/tools/tool.ts';
import type { Completion, CompletionRequest, OfferedTool, ProposedCall } from '../model/model.ts';

export interface Offer {
  readonly tools: readonly OfferedTool[];
  /** How the model has to use them. */
  readonly use: Pick<CompletionRequest, 'toolChoice' | 'parallelToolCalls'>;
}

/** What the client says about its tools holds for the first answer of the turn: an answer that follows results must not be
 *  forced to ask for another call. */
function useOf(request: ClientRequest | null, journal: Journal): Offer['use'] {
  const { toolChoice, parallelToolCalls } = request ?? {};
  const holds = toolChoice !== undefined && (journal.length === 0 || toolChoice === 'none');
  return { ...(holds && { toolChoice }), ...(parallelToolCalls !== undefined && { parallelToolCalls }) };
}

/** `tools`: those of the assistant. A tool of the client with the name of one of them, which was added since, is left out. */
export function offerOf(tools: readonly Tool[], request: ClientRequest | null, journal: Journal): Offer {
  const own = tools.map(({ modelName: name, description, parameters }) => ({ name, description, parameters }));
  const names = new Set(own.map(({ name }) => name));
  const ofClient = (request?.tools ?? []).filter(({ name }) => !names.has(name));
  return { tools: [...own, ...ofClient], use: useOf(request, journal) };
}

interface DividedCalls {
  /** Turnkeeper makes them, or tells the model why it does not. */
  readonly own: readonly ProposedCall[];
  readonly client: readonly ProposedCall[];
}

/** Who makes the calls of an answer. `tools`: those of the assistant. */
export function dividedCalls(
  { toolCalls = [] }: Completion,
  tools: readonly Tool[],
  request: ClientRequest | null,
): DividedCalls {
  const ofClient = new Set((request?.tools ?? []).map(({ name }) => name));
  const names = new Set(tools.map(({ modelName }) => modelName));
  const isOwn = ({ name }: ProposedCall) => names.has(name) || (tools.length > 0 && !ofClient.has(name));
  return { own: toolCalls.filter(isOwn), client: toolCalls.filter((call) => !isOwn(call)) };
}
