// The form of the assistants file. What its members mean for each other is in assistants-file.ts.
import { z } from 'zod';
import { MAX_TOKENS_FIELDS, SYSTEM_ROLES } from './assistant.ts';
import { BUDGET_SCOPES, windowSeconds } from '../budgets/budget.ts';
import { INSTRUCTIONS_CHARACTERS, MOST_EXCHANGES } from '../limits.ts';
import {
  ENVIRONMENT_VARIABLE,
  mcpServersMember,
  outlineOfAssistantTools,
  toolMembersOfAssistant,
  toolsMember,
  toolsOutline,
} from '../tools/tools-schema.ts';

const MAX_TOKENS = 100_000_000;
const RETRY_S = 3_600;

/** Members of a call that have another place in the file, or that turnkeeper sets. */
const NOT_EXTRA =
  'model messages stream stream_options n tools tool_choice functions function_call temperature top_p max_tokens max_completion_tokens max_output_tokens stop seed reasoning_effort response_format'.split(
    ' ',
  );

const text = (max: number) => z.string().min(1).max(max);
const visibleText = (max: number) => text(max).refine((value) => value.trim() !== '', { error: 'is empty' });
/** A name is stored with turns, and is part of logs and metrics. */
const name = text(200).refine((value) => /^\P{C}+$/u.test(value) && value.trim() === value, {
  error: 'must have no control characters, and no spaces around it',
});
const baseUrl = z.string().refine(
  (value) => {
    const url = URL.canParse(value) ? new URL(value) : null;
    const isPlain = url !== null && [url.username, url.password, url.search, url.hash].every((part) => part === '');
    return isPlain && /^https?:$/.test(url.protocol);
  },
  { error: 'must be an address such as https://host/v1, without a password, query or fragment' },
);

const profile = z.strictObject({
  stream_usage: z.boolean().optional(),
  system_role: z.enum(SYSTEM_ROLES).optional(),
  max_tokens_field: z.enum(MAX_TOKENS_FIELDS).optional(),
  images: z.boolean().optional(),
  tools: z.boolean().optional(),
});

const modelObject = z.strictObject({
  model: name,
  base_url: baseUrl.optional(),
  api_key_env: ENVIRONMENT_VARIABLE.optional(),
  retry_s: z.number().min(0).max(RETRY_S).default(0),
  profile: profile.default({}),
});
/** A name stands for a model of the endpoint in the settings. */
const model = z.preprocess((value) => (typeof value === 'string' ? { model: value } : value), modelObject);

const parameters = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  max_output_tokens: z.int().min(1).max(MAX_TOKENS).optional(),
  stop: z
    .union([text(1_000), z.array(text(1_000)).min(1).max(16)], { error: 'must be a text, or 1 to 16 texts' })
    .optional(),
  seed: z.int().optional(),
  reasoning_effort: text(50).optional(),
  response_format: z.looseObject({ type: text(50) }).optional(),
  extra: z
    .record(z.string(), z.unknown())
    .check(({ value, issues }) => {
      for (const name of NOT_EXTRA.filter((each) => Object.hasOwn(value, each)))
        issues.push({
          code: 'custom',
          message: 'is set by turnkeeper, or has its own member',
          path: [name],
          input: value,
        });
    })
    .optional(),
});

const assistant = z
  .strictObject({
    description: z.string().max(500).default(''),
    instructions: visibleText(INSTRUCTIONS_CHARACTERS).optional(),
    instructions_file: text(1_000).optional(),
    models: z.array(model).min(1).max(10).optional(),
    parameters: parameters.default({}),
    context: z
      .strictObject({
        exchanges: z.int().min(0).max(MOST_EXCHANGES).optional(),
        max_input_tokens: z.int().min(1).max(MAX_TOKENS).optional(),
      })
      .default({}),
    client_instructions: z.enum(['ignore', 'append']).default('ignore'),
    memory: z.boolean().default(true),
    ...toolMembersOfAssistant,
  })
  .refine(({ instructions, instructions_file: file }) => instructions === undefined || file === undefined, {
    error: 'has both instructions and instructions_file',
  });

const MAX_BUDGETS = 10;
const MAX_BUDGET_TOKENS = 1_000_000_000_000;

const budget = z.strictObject({
  per: z.enum(BUDGET_SCOPES),
  tokens: z.int().min(1).max(MAX_BUDGET_TOKENS),
  window: z.string().refine((value) => windowSeconds(value) !== null, {
    error: 'must be a window such as 30m, 1h or 1d, of at most 366 days',
  }),
});

/** Of two budgets of the same scope and window only the smaller one would count. */
const budgets = z
  .array(budget)
  .max(MAX_BUDGETS)
  .check(({ value, issues }) => {
    for (const [index, { per, window }] of value.entries()) {
      const isSame = (other: z.output<typeof budget>) =>
        other.per === per && windowSeconds(other.window) === windowSeconds(window);
      if (value.findIndex(isSame) !== index)
        issues.push({
          code: 'custom',
          message: `is the second budget per ${per} with this window`,
          path: [index],
          input: value,
        });
    }
  });

export const assistantsFile = z.strictObject({
  default: z.string().optional(),
  assistants: z
    .record(z.string(), assistant)
    .refine((all) => Object.keys(all).length > 0, { error: 'must have at least one assistant' }),
  tools: toolsMember,
  mcp_servers: mcpServersMember,
  budgets: budgets.default([]),
});

export type AssistantsFileContent = z.output<typeof assistantsFile>;
export type DefinedAssistant = AssistantsFileContent['assistants'][string];

/** The members that other members depend on, of a file that may have faults anywhere. A member with a fault is left out. */
const outlineOfModel = z.looseObject({ api_key_env: z.string().optional().catch(undefined) }).catch({});
const outlineOfAssistant = z
  .object({
    instructions_file: z.string().optional().catch(undefined),
    models: z.array(outlineOfModel).catch([]).default([]),
    tools: outlineOfAssistantTools,
  })
  .catch({ models: [], tools: [] });
const outline = z
  .object({
    default: z.string().optional().catch(undefined),
    assistants: z.record(z.string(), outlineOfAssistant).catch({}).default({}),
    ...toolsOutline,
  })
  .catch({ assistants: {}, tools: {}, mcp_servers: {} });

export type Outline = z.output<typeof outline>;
export const outlineOf = (content: unknown): Outline => outline.parse(content);
