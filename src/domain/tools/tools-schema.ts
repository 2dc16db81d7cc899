// The form of tools and MCP servers in the assistants file. What they mean is in tools-file.ts.
import { z } from 'zod';
import { faultOfExemption, faultOfParameters } from './json-schema.ts';
import { EFFECTS, type JsonSchema } from './tool.ts';

export const ENVIRONMENT_VARIABLE = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of an environment variable' });

/** Maximum number of tools in a file, of MCP servers, of entries of one assistant, and of steps of a turn. */
const MOST_TOOLS = 500;
const MOST_SERVERS = 50;
const MOST_ENTRIES = 200;
const MOST_STEPS = 32;
const DESCRIPTION_CHARACTERS = 4_000;
/** A call keeps its place in the worker for this long. */
const MOST_TIMEOUT_S = 600;

const schema = (faultOf: (schema: JsonSchema) => string | null) =>
  z.record(z.string(), z.unknown()).check(({ value, issues }) => {
    const fault = faultOf(value);
    if (fault !== null) issues.push({ code: 'custom', message: fault, input: value });
  });

const traits = {
  effect: z.enum(EFFECTS).optional(),
  approval: z
    .union([z.boolean(), z.strictObject({ unless: schema(faultOfExemption) })], {
      error: ({ input }) => approvalFault(input),
    })
    .optional(),
  timeout_s: z.number().min(0.1).max(MOST_TIMEOUT_S).optional(),
};

/** The fault of `unless`, which a union would hide. */
function approvalFault(input: unknown): string {
  const form = 'must be true, false, or { "unless": JSON Schema }';
  const given = z.strictObject({ unless: z.record(z.string(), z.unknown()) }).safeParse(input);
  const fault = given.success ? faultOfExemption(given.data.unless) : null;
  return fault === null ? form : `unless ${fault}`;
}

/** A record with at most `most` entries. */
const upTo = <T extends z.ZodType>(most: number, entry: T) =>
  z
    .record(z.string(), entry)
    .refine((value) => Object.keys(value).length <= most, { error: `has more than ${most} entries` })
    .default({});

export const toolsMember = upTo(
  MOST_TOOLS,
  z.strictObject({
    description: z.string().max(DESCRIPTION_CHARACTERS).default(''),
    parameters: schema(faultOfParameters).default({ type: 'object', properties: {} }),
    url: z.string(),
    secret_env: ENVIRONMENT_VARIABLE.optional(),
    ...traits,
  }),
);

export const mcpServersMember = upTo(
  MOST_SERVERS,
  z.strictObject({
    url: z.string(),
    headers_env: ENVIRONMENT_VARIABLE.optional(),
    tools: upTo(MOST_TOOLS, z.strictObject(traits)),
    ...traits,
  }),
);

/** The members of an assistant. */
export const toolMembersOfAssistant = {
  tools: z.array(z.string()).max(MOST_ENTRIES).default([]),
  max_steps: z.int().min(0).max(MOST_STEPS).optional(),
};

export type DefinedTool = z.output<typeof toolsMember>[string];
export type DefinedServer = z.output<typeof mcpServersMember>[string];
export type DefinedTraits = Pick<DefinedServer, keyof typeof traits>;

/** The members that other members and the environment depend on, of a file that may have faults anywhere. A member with a
 *  fault is left out. */
const text = z.string().optional().catch(undefined);
const outlineOfTool = z.object({ url: text, secret_env: text }).catch({});
const outlineOfServer = z
  .object({ url: text, headers_env: text, tools: z.record(z.string(), z.unknown()).catch({}).default({}) })
  .catch({ tools: {} });
export const toolsOutline = {
  tools: z.record(z.string(), outlineOfTool).catch({}).default({}),
  mcp_servers: z.record(z.string(), outlineOfServer).catch({}).default({}),
};
export const outlineOfAssistantTools = z.array(z.string().catch('')).catch([]).default([]);
export type ToolsOutline = z.output<z.ZodObject<typeof toolsOutline>>;
