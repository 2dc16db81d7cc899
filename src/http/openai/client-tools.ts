// The tools that a client offers: their parameters, and what is stored of them with the turn.
import { z } from 'zod';
import type { Assistant } from '../../domain/assistants/assistant.ts';
import {
  CLIENT_TOOL_LIMITS,
  mayHaveTool,
  type ClientRequest,
  type ClientResults,
  type ClientTool,
} from '../../domain/tools/client-tools.ts';
import type { Fault } from '../problem.ts';

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const { tools: MAX_TOOLS, toolsBytes: MAX_BYTES } = CLIENT_TOOL_LIMITS;

const description = {
  name: z.string().regex(TOOL_NAME, { error: 'must be 1 to 64 of A–Z, a–z, 0–9, _ and -' }),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
};
const type = z.literal('function', { error: 'must be function: turnkeeper has no other tools for clients' });

/** The tool of a chat completion, and that of a response. Clients add members of other servers, which are ignored. */
const chatTool = z.looseObject({ type, function: z.looseObject(description) });
const responseTool = z.looseObject({ type, ...description });

type Described = z.output<typeof chatTool>['function'];

const ABOUT_TOOLS =
  'Functions that the client calls itself: the reply may ask for calls, and the results are the next message. At most 128, and 512 KiB as JSON. None may have the name of a tool of the assistant.';

function listOf<T extends z.ZodType>(tool: T, describedBy: (tool: z.output<T>) => Described) {
  return z
    .array(tool)
    .max(MAX_TOOLS)
    .check(({ value, issues }) => {
      if (Buffer.byteLength(JSON.stringify(value)) > MAX_BYTES)
        issues.push({ code: 'custom', message: `must have at most ${MAX_BYTES} bytes as JSON`, input: value });
      const names = new Set<string>();
      for (const [index, each] of value.entries()) {
        const { name } = describedBy(each);
        const path = describedBy(each) === (each as unknown) ? [index, 'name'] : [index, 'function', 'name'];
        if (names.has(name))
          issues.push({
            code: 'custom',
            message: 'must be different from the names of the other tools',
            path,
            input: value,
          });
        names.add(name);
      }
    })
    .nullish()
    .meta({ description: ABOUT_TOOLS });
}

export const chatTools = listOf(chatTool, (tool) => tool.function);
export const responseTools = listOf(responseTool, (tool) => tool);

const MODES = ['none', 'auto', 'required'] as const;
const ABOUT_CHOICE = 'Passed on to the model, with `tools`: `none`, `auto`, `required`, or one of the functions.';
const choiceError = { error: 'must be none, auto, required, or a function with a name' };

export const chatToolChoice = z
  .union(
    [z.enum(MODES), z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) })],
    choiceError,
  )
  .nullish()
  .meta({ description: ABOUT_CHOICE });
export const responseToolChoice = z
  .union([z.enum(MODES), z.looseObject({ type: z.literal('function'), name: z.string() })], choiceError)
  .nullish()
  .meta({ description: ABOUT_CHOICE });

export const parallelToolCalls = z.boolean().nullish().meta({ description: 'Passed on to the model, with `tools`.' });

const toolOf = ({ name, description: text, parameters, strict }: Described): ClientTool => ({
  name,
  description: text ?? '',
  parameters: parameters ?? { type: 'object', properties: {} },
  ...(typeof strict === 'boolean' && { strict }),
});

/** What a request says about tools, of both operations in one form. */
export interface GivenTools {
  readonly tools: readonly ClientTool[];
  /** Where the name of a tool is. */
  readonly pointerOf: (index: number) => string;
  /** The name of the function that must be called, one of the modes, or null. */
  readonly choice: { readonly mode: (typeof MODES)[number] } | { readonly name: string } | null;
  readonly parallel: boolean | null;
}

interface ChatMembers {
  readonly tools?: z.output<typeof chatTools>;
  readonly tool_choice?: z.output<typeof chatToolChoice>;
  readonly parallel_tool_calls?: boolean | null | undefined;
}
interface ResponseMembers {
  readonly tools?: z.output<typeof responseTools>;
  readonly tool_choice?: z.output<typeof responseToolChoice>;
  readonly parallel_tool_calls?: boolean | null | undefined;
}

const choiceOf = <T>(choice: T | (typeof MODES)[number] | null | undefined, nameOf: (choice: T) => string) => {
  if ((choice ?? null) === null) return null;
  return typeof choice === 'string' ? { mode: choice as (typeof MODES)[number] } : { name: nameOf(choice as T) };
};

export const chatToolsIn = ({
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: ChatMembers): GivenTools => ({
  tools: (tools ?? []).map((tool) => toolOf(tool.function)),
  pointerOf: (index) => `/tools/${index}/function/name`,
  choice: choiceOf(choice, (each: { function: { name: string } }) => each.function.name),
  parallel: parallel ?? null,
});

export const responseToolsIn = ({
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
}: ResponseMembers): GivenTools => ({
  tools: (tools ?? []).map(toolOf),
  pointerOf: (index) => `/tools/${index}/name`,
  choice: choiceOf(choice, (each: { name: string }) => each.name),
  parallel: parallel ?? null,
});

/** What is wrong with the tools for this assistant. */
export function toolFaults(assistant: Assistant, { tools, pointerOf, choice }: GivenTools): Fault[] {
  const faults = tools.flatMap(({ name }, index): Fault[] =>
    mayHaveTool(assistant.tools, name)
      ? [{ pointer: pointerOf(index), detail: `is the name of a tool of the assistant ${assistant.name}` }]
      : [],
  );
  if (tools.length > 0 && assistant.models.every(({ traits }) => traits.tools === false))
    faults.push({
      pointer: '/tools',
      detail: `must be empty: no model of the assistant ${assistant.name} takes tools`,
    });
  if (choice && 'name' in choice && !tools.some(({ name }) => name === choice.name))
    faults.push({ pointer: '/tool_choice', detail: 'must be the name of one of the tools' });
  if (choice && 'mode' in choice && choice.mode === 'required' && tools.length === 0)
    faults.push({ pointer: '/tool_choice', detail: 'must be none or auto: the request has no tools' });
  return faults;
}

/** What is stored with the turn; undefined: nothing. */
export function clientRequestOf(
  { tools, choice, parallel }: GivenTools,
  results: ClientResults,
): ClientRequest | undefined {
  if (tools.length === 0 && results.results.length === 0) return undefined;
  const toolChoice = choice && ('mode' in choice ? choice.mode : { type: 'function', function: { name: choice.name } });
  return {
    tools,
    ...(tools.length > 0 && toolChoice !== null && { toolChoice }),
    ...(tools.length > 0 && parallel !== null && { parallelToolCalls: parallel }),
    ...results,
  };
}
