// The format that a client requires of a reply: JSON, perhaps by a schema. Pure.
import { compile } from './json-schema.ts';
import type { JsonSchema } from './tool.ts';

export type ReplyFormat =
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema: JsonSchema;
      readonly description?: string;
      /** Whether the model must follow the schema exactly. Missing: not said. */
      readonly strict?: boolean;
    };

/** The format in the terms of chat completions. */
export const sentFormat = ({ type, ...schema }: ReplyFormat): object =>
  type === 'json_object' ? { type } : { type, json_schema: schema };

/** What is wrong with a schema of replies; null: nothing. */
export function faultOfReplySchema(schema: JsonSchema): string | null {
  if (JSON.stringify(schema).includes('"patternProperties":')) return 'must not have patternProperties';
  const result = compile(schema, 'untrusted');
  return 'fault' in result ? `must be a valid JSON Schema: ${result.fault}` : null;
}

export type CheckedReply =
  /** The JSON text alone. */
  | { readonly text: string }
  /** What is wrong, for the model. */
  | { readonly fault: string };

/** Some models put JSON between fences, although they were asked for JSON only. */
const FENCED = /^```[a-z]*\s*\n([\s\S]*?)\n?```$/i;

function faultOfValue(format: ReplyFormat, value: unknown): string | null {
  if (format.type === 'json_object')
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'it is not a JSON object';
  const result = compile(format.schema, 'untrusted');
  if ('fault' in result) return result.fault;
  try {
    return result.validate(value);
  } catch {
    // A value that is nested more deeply than the stack allows.
    return 'it is nested too deeply';
  }
}

/** The reply as the format requires it, or what is wrong with it. */
export function checkedReply(format: ReplyFormat, reply: string): CheckedReply {
  const trimmed = reply.trim();
  const text = FENCED.exec(trimmed)?.[1] ?? trimmed;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: 'it is not JSON' };
  }
  const fault = faultOfValue(format, value);
  return fault === null ? { text } : { fault };
}
