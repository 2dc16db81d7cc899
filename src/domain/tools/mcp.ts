// Tools of MCP servers as this program sees them, and their results as text. No I/O.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { capped, storableText } from '../text.ts';
import { faultOfParameters } from './json-schema.ts';
import type { AssistantTools, JsonSchema, McpServer, Tool } from './tool.ts';

/** What models accept as the name of a tool. */
const MODEL_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const DESCRIPTION_CHARACTERS = 4_000;
const SCHEMA_CHARACTERS = 64 * 1024;

/** A tool in the list of a server. */
export interface ListedTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: JsonSchema;
  readonly version: string;
}

/** A tool that cannot be offered, and why. */
export interface RefusedTool {
  readonly name: string;
  readonly fault: string;
}

const listing = z.looseObject({
  name: z.string(),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  inputSchema: z.record(z.string(), z.unknown()),
  execution: z.looseObject({ taskSupport: z.string().optional() }).optional().catch(undefined),
});

/** The value with the members of all objects in the order of their names. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
};

const modelNameOf = (server: string, tool: string): string => `${server}__${tool}`;

/** Reads an entry of a server's list. `known`: the tools of earlier lists by their version, which are used again, because
 *  their schemas have been compiled. */
export function listedTool(
  server: string,
  entry: unknown,
  known: ReadonlyMap<string, ListedTool>,
): ListedTool | RefusedTool {
  const { data } = listing.safeParse(entry);
  if (!data) return { name: '', fault: 'it has no name or no schema' };
  const { name, inputSchema: parameters } = data;
  const shown = capped(name, 200);
  if (!MODEL_NAME.test(modelNameOf(server, name)))
    return { name: shown, fault: 'its name for the model is not 1 to 64 of A–Z a–z 0–9 _ -' };
  if (data.execution?.taskSupport === 'required') return { name: shown, fault: 'it can only be called as a task' };
  const description = capped(storableText(data.description ?? data.title ?? ''), DESCRIPTION_CHARACTERS);
  try {
    if (JSON.stringify(parameters).length > SCHEMA_CHARACTERS)
      return { name: shown, fault: `its schema has more than ${SCHEMA_CHARACTERS} characters` };
    const definition = JSON.stringify([name, description, sorted(parameters)]);
    const version = createHash('sha256').update(definition).digest('hex');
    const before = known.get(version);
    if (before) return before;
    const fault = faultOfParameters(parameters);
    return fault === null ? { name, description, parameters, version } : { name: shown, fault: `its schema ${fault}` };
  } catch {
    return { name: shown, fault: 'its schema is too deep' };
  }
}

/** The tool of a server with the traits that the operator gives it. */
export const mcpTool = (server: McpServer, { name, description, parameters, version }: ListedTool): Tool => ({
  name: `${server.name}/${name}`,
  modelName: modelNameOf(server.name, name),
  description,
  parameters,
  endpoint: { kind: 'mcp', server, name },
  version,
  ...(server.byTool.get(name) ?? server.traits),
});

/** The tools of an assistant, given the lists of its servers: in the order of its definition, each once, and only the first
 *  of several with one name for the model. */
export function offeredTools(
  { http, mcp }: AssistantTools,
  lists: ReadonlyMap<McpServer, readonly ListedTool[]>,
): readonly Tool[] {
  const byModelName = new Map<string, Tool>(http.map((tool) => [tool.modelName, tool]));
  for (const { server, tool: only } of mcp)
    for (const listed of lists.get(server) ?? [])
      if ((only === null || only === listed.name) && !byModelName.has(modelNameOf(server.name, listed.name)))
        byModelName.set(modelNameOf(server.name, listed.name), mcpTool(server, listed));
  return [...byModelName.values()];
}

const block = z.looseObject({ type: z.string() });
/** The result of a call, as far as it is used. */
export const mcpResult = z.looseObject({
  content: z.array(block).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});

const text = z.looseObject({ text: z.string() });
const note = (kind: string, member: unknown): string => {
  const { mimeType, uri } = z
    .looseObject({ mimeType: z.string().optional(), uri: z.string().optional() })
    .catch({})
    .parse(member);
  return `[${[kind, mimeType, uri].filter((part) => part !== undefined).join(' ')}: left out]`;
};

function textOfBlock({ type, ...members }: z.output<typeof block>): string {
  const member: unknown = type === 'resource' ? members['resource'] : members;
  const found = text.safeParse(member);
  return (type === 'text' || type === 'resource') && found.success ? found.data.text : note(type, member);
}

/** The result as text: structured content as JSON, otherwise the texts, with a note for everything that is not text. */
export const textOfResult = ({ content, structuredContent }: z.output<typeof mcpResult>): string =>
  structuredContent === undefined || structuredContent === null
    ? content.map(textOfBlock).join('\n')
    : JSON.stringify(structuredContent);
