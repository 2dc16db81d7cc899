// Parameters of OpenAI's API that turnkeeper does not support. Those that only affect sampling are ignored; of the others
// only the values that mean the same as no value are accepted.
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { sessionId, storableText } from '../schemas.ts';

/** A parameter that only affects how the reply is generated. It is ignored: the operator's settings apply. */
export const ignored = <T extends z.ZodType>(schema: T) =>
  schema.nullish().meta({ description: 'Accepted and ignored.' });

/** The value without members that are null: some clients write all members of an object. */
const withoutNulls = (value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
    : value;

/** A parameter that would change the meaning of the request. Only its neutral values and null are accepted. */
export const only = (neutral: readonly unknown[], error: string) =>
  z
    .unknown()
    .refine(
      (value) => (value ?? null) === null || neutral.some((each) => isDeepStrictEqual(each, withoutNulls(value))),
      { error },
    )
    .optional()
    .meta({ description: `Not supported: ${error}.` });

const someObject = z.looseObject({});
const words = z.union([z.string(), z.array(z.string())]);

/** The parameters that both operations ignore. */
export const IGNORED = {
  temperature: ignored(z.number()),
  top_p: ignored(z.number()),
  max_tokens: ignored(z.number()),
  max_completion_tokens: ignored(z.number()),
  seed: ignored(z.number()),
  stop: ignored(words),
  presence_penalty: ignored(z.number()),
  frequency_penalty: ignored(z.number()),
  // llama.cpp also takes a list of pairs.
  logit_bias: ignored(z.union([someObject, z.array(z.unknown())])),
  reasoning: ignored(someObject),
  reasoning_effort: ignored(z.string()),
  verbosity: ignored(z.string()),
  prediction: ignored(someObject),
  store: ignored(z.boolean()),
  service_tier: ignored(z.string()),
  prompt_cache_key: ignored(z.string()),
  prompt_cache_options: ignored(someObject),
  prompt_cache_retention: ignored(z.string()),
  safety_identifier: ignored(z.string()),
  access_programs: ignored(z.unknown()),
  context_management: ignored(z.array(z.unknown())),
};

const noTools = 'turnkeeper does not call tools';
export const ONE_REPLY = only([1], 'must be 1: a turn has one reply');
export const NO_TOOLS = only([[]], `must be empty: ${noTools}`);
export const NO_TOOL_CHOICE = only(['none', 'auto'], `must be none or auto: ${noTools}`);
export const NO_LOGPROBS = only([0], 'must be 0: turnkeeper does not return log probabilities');
export const TEXT_FORMAT = only([{ type: 'text' }], 'must be {"type":"text"}: turnkeeper supports no other format');
export const NO_MODERATION = only([], 'must be omitted: turnkeeper does not return moderation results');

/** Options of a stream. `include_usage` has an effect on chat completions only. */
export const streamOptions = z
  .strictObject({
    include_usage: z.boolean().nullish(),
    include_obfuscation: ignored(z.boolean()),
    continuous_usage_stats: ignored(z.boolean()),
  })
  .nullish();

/** The metadata key under which turnkeeper stores options of a request. */
export const OPTIONS_KEY = 'openai';

function nameFault(name: string): string | null {
  if (name.length > 64) return 'has a name of more than 64 characters';
  return name === OPTIONS_KEY ? 'is a reserved name' : null;
}

/** OpenAI's metadata. `session_id` selects the session of the turn. */
export const metadata = z
  .record(z.string(), storableText(0, 512))
  .check(({ value, issues }) => {
    const { metadataBytes } = MESSAGE_LIMITS;
    if (Buffer.byteLength(JSON.stringify(value)) > metadataBytes)
      issues.push({ code: 'custom', message: `must have at most ${metadataBytes} bytes as JSON`, input: value });
    if (Object.keys(value).length > 16)
      issues.push({ code: 'custom', message: 'must have at most 16 entries', input: value });
    for (const name of Object.keys(value)) {
      const message = nameFault(name);
      if (message) issues.push({ code: 'custom', message, path: [name], input: value });
    }
    const session = value['session_id'];
    if (session !== undefined && !sessionId.safeParse(session).success)
      issues.push({ code: 'custom', message: 'must be a UUID', path: ['session_id'], input: session });
  })
  .nullish()
  .meta({
    description: `At most 16 strings and ${MESSAGE_LIMITS.metadataBytes} bytes. \`session_id\`: the session of the turn, a UUID.`,
  });

/** The members of a request that are stored as they were sent. Of the messages only the text of the last one is stored. */
export const STORED_MEMBERS = ['metadata'];

export type GivenMetadata = z.output<typeof metadata>;

/** The session id in the metadata, or null. */
export const sessionOf = (given: GivenMetadata): string | null => given?.['session_id']?.toLowerCase() ?? null;
