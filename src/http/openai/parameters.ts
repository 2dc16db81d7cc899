// Parameters of OpenAI's API that turnkeeper does not support. Those that only affect sampling are ignored; the others are
// rejected.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { sessionId, storableText } from '../schemas.ts';

/** A parameter that only affects how the reply is generated. It is ignored: the operator's settings apply. */
export const ignored = <T extends z.ZodType>(schema: T) =>
  schema.nullish().meta({ description: 'Accepted and ignored.' });

/** A parameter that would change the meaning of the request. Only its neutral value is accepted. */
export const only = (neutral: unknown, error: string) =>
  z
    .unknown()
    .refine((value) => value === undefined || value === null || JSON.stringify(value) === JSON.stringify(neutral), {
      error,
    })
    .optional()
    .meta({ description: `Not supported: ${error}.` });

const someObject = z.looseObject({});

/** The parameters that both operations ignore. */
export const IGNORED = {
  temperature: ignored(z.number()),
  top_p: ignored(z.number()),
  store: ignored(z.boolean()),
  service_tier: ignored(z.string()),
  parallel_tool_calls: ignored(z.boolean()),
  prompt_cache_key: ignored(z.string()),
  prompt_cache_options: ignored(someObject),
  prompt_cache_retention: ignored(z.string()),
  safety_identifier: ignored(z.string()),
};

export const NO_TOOLS = only([], 'must be empty: turnkeeper does not call tools');
export const NO_TOOL_CHOICE = only('none', 'must be none: turnkeeper does not call tools');
export const NO_LOGPROBS = only(0, 'must be 0: turnkeeper does not return log probabilities');

/** The metadata key under which turnkeeper stores options of a request. */
export const OPTIONS_KEY = 'openai';

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
      const message =
        name.length > 64 ? 'has a name of more than 64 characters' : name === OPTIONS_KEY ? 'is a reserved name' : null;
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

export type GivenMetadata = z.output<typeof metadata>;

/** The session id in the metadata, or null. */
export const sessionOf = (given: GivenMetadata): string | null => given?.['session_id']?.toLowerCase() ?? null;
