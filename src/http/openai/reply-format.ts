// The format of the reply that a request requires.
import { z } from 'zod';
import { faultOfReplySchema, type ReplyFormat } from '../../domain/tools/reply-format.ts';

const MAX_SCHEMA_BYTES = 64 * 1024;

const schema = z.record(z.string(), z.unknown()).check(({ value, issues }) => {
  const isTooLarge = Buffer.byteLength(JSON.stringify(value)) > MAX_SCHEMA_BYTES;
  const fault = isTooLarge ? `must have at most ${MAX_SCHEMA_BYTES} bytes as JSON` : faultOfReplySchema(value);
  if (fault !== null) issues.push({ code: 'custom', message: fault, input: value });
});

const described = {
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 of A–Z, a–z, 0–9, _ and -' }),
  description: z.string().max(2_000).nullish(),
  schema,
  strict: z.boolean().nullish(),
};
type Described = z.output<z.ZodObject<typeof described>>;

/** Some clients write all members of an object. */
const text = z.looseObject({ type: z.literal('text') });
const jsonObject = z.looseObject({
  type: z.literal('json_object'),
  schema: z.null({ error: 'must be omitted: use json_schema' }).optional(),
});

const ABOUT = `Passed on to the model. The reply is validated: if it does not have the format, the model is asked once more, and then the turn fails with \`model_malformed_reply\`. A schema may have 64 KiB and no \`patternProperties\`; \`pattern\` is not checked.`;
const error = { error: 'must be text, json_object or json_schema' };

export const chatFormat = z
  .discriminatedUnion(
    'type',
    [text, jsonObject, z.looseObject({ type: z.literal('json_schema'), json_schema: z.looseObject(described) })],
    error,
  )
  .nullish()
  .meta({ description: ABOUT });
export const responseFormat = z
  .discriminatedUnion(
    'type',
    [text, jsonObject, z.looseObject({ type: z.literal('json_schema'), ...described })],
    error,
  )
  .nullish()
  .meta({ description: ABOUT });

const schemaFormat = ({ name, description, schema: required, strict }: Described): ReplyFormat => ({
  type: 'json_schema',
  name,
  schema: required,
  ...(typeof description === 'string' && { description }),
  ...(typeof strict === 'boolean' && { strict }),
});

/** The format that a chat completion requires; undefined: none. */
export function chatFormatIn(format: z.output<typeof chatFormat>): ReplyFormat | undefined {
  if (format?.type === 'json_schema') return schemaFormat(format.json_schema);
  return format?.type === 'json_object' ? { type: 'json_object' } : undefined;
}

/** The format that a response requires; undefined: none. */
export function responseFormatIn(format: z.output<typeof responseFormat>): ReplyFormat | undefined {
  if (format?.type === 'json_schema') return schemaFormat(format);
  return format?.type === 'json_object' ? { type: 'json_object' } : undefined;
}
