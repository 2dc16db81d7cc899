// The parameters of OpenAI's API that turnkeeper does not steer: harmless ones are ignored, the others refused.
import { z } from 'zod';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { sessionId, storableText } from '../schemas.ts';

/** A parameter that changes how a reply is made, not what is asked: the operator's model decides. */
export const ignored = <T extends z.ZodType>(schema: T) =>
  schema.nullish().meta({ description: 'Accepted and ignored.' });

/** A parameter that would change what is asked: only the value that changes nothing is taken. */
export const only = (harmless: unknown, why: string) =>
  z
    .unknown()
    .refine((value) => value === undefined || value === null || JSON.stringify(value) === JSON.stringify(harmless), {
      error: why,
    })
    .optional()
    .meta({ description: `Only what changes nothing: ${why}.` });

const someObject = z.looseObject({});

/** What both operations ignore. */
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

export const NO_TOOLS = only([], 'must be empty: turnkeeper calls no tools');
export const NO_TOOL_CHOICE = only('none', 'must be none: turnkeeper calls no tools');
export const NO_LOGPROBS = only(0, 'must be 0: turnkeeper tells no probabilities');

/** Where turnkeeper keeps what a response is asked with. */
export const OWN_METADATA = 'openai';

/** OpenAI's metadata, with one name that means something here. */
export const metadata = z
  .record(z.string(), storableText(0, 512))
  .check(({ value, issues }) => {
    const { metadataBytes: most } = MESSAGE_LIMITS;
    if (Buffer.byteLength(JSON.stringify(value)) > most)
      issues.push({ code: 'custom', message: `must have at most ${most} bytes as JSON`, input: value });
    if (Object.keys(value).length > 16)
      issues.push({ code: 'custom', message: 'must have at most 16 entries', input: value });
    for (const name of Object.keys(value)) {
      const message =
        name.length > 64
          ? 'has a name of more than 64 characters'
          : name === OWN_METADATA
            ? 'is a reserved name'
            : null;
      if (message) issues.push({ code: 'custom', message, path: [name], input: value });
    }
    const session = value['session_id'];
    if (session !== undefined && !sessionId.safeParse(session).success)
      issues.push({ code: 'custom', message: 'must be a UUID', path: ['session_id'], input: session });
  })
  .nullish()
  .meta({
    description: 'At most 16 texts, 4096 bytes. `session_id`: the conversation that the turn belongs to, a UUID.',
  });

export type GivenMetadata = z.output<typeof metadata>;

/** The session that the metadata names. */
export const sessionOf = (given: GivenMetadata): string | null => given?.['session_id']?.toLowerCase() ?? null;
