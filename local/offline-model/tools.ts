// Tool calls of the offline model. It calls an offered tool whose name is in the last message of the user, then quotes the
// result. The arguments are the JSON object in the message, if it has one, otherwise what the schema requires.
import { createHash } from 'node:crypto';
import type { ChatMessage } from './reply.ts';

export interface OfferedTool {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface OfflineCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** What a request says about tools. `choice`: `auto`, `none`, `required`, or the name of a tool. */
export interface Offer {
  readonly tools: readonly OfferedTool[];
  readonly choice: string;
}

const DEPTH = 5;

/** The first object in JSON in the text; null: it has none. */
function objectIn(text: string): object | null {
  const starts = [...text.matchAll(/\{/g)].slice(0, 20).map(({ index }) => index);
  const ends = [...text.matchAll(/\}/g)].slice(-20).map(({ index }) => index + 1);
  for (const start of starts)
    for (const end of ends.toReversed()) {
      try {
        return JSON.parse(text.slice(start, end)) as object;
      } catch {
        // Another part of the text may be one.
      }
    }
  return null;
}

const BY_TYPE: Readonly<Record<string, unknown>> = {
  string: 'example',
  number: 1,
  integer: 1,
  boolean: true,
  array: [],
  null: null,
};

/** A value that the schema probably allows: its default, its first choice, or a plain value of its type. */
function valueFor(schema: Readonly<Record<string, unknown>>, depth = 0): unknown {
  if ('default' in schema) return schema['default'];
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const type = String(Array.isArray(schema['type']) ? schema['type'][0] : (schema['type'] ?? 'object'));
  if (type !== 'object') return BY_TYPE[type] ?? null;
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Record<string, unknown>>);
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : []);
  const given = properties.filter(([name, each]) => depth < DEPTH && (required.has(name) || 'default' in each));
  return Object.fromEntries(given.map(([name, each]) => [name, valueFor(each, depth + 1)]));
}

/** Whether the text has the name as a word. */
const names = (text: string, name: string): boolean =>
  new RegExp(`(?<![\\w-])${RegExp.escape(name)}(?![\\w-])`, 'i').test(text);

/** The call that answers the messages; null: none is needed. */
export function callFor(messages: readonly ChatMessage[], { tools, choice }: Offer): OfflineCall | null {
  const last = messages.at(-1);
  if (last?.role !== 'user' || choice === 'none') return null;
  const chosen = tools.find(({ name }) => name === choice);
  const named = tools.find(({ name }) => names(last.content, name));
  const tool = chosen ?? named ?? (choice === 'required' ? tools[0] : undefined);
  if (!tool) return null;
  const text = JSON.stringify(objectIn(last.content) ?? valueFor(tool.parameters));
  const hash = createHash('sha256').update(JSON.stringify([messages.length, last.content, tool.name]));
  return { id: `call_${hash.digest('hex').slice(0, 24)}`, name: tool.name, arguments: text };
}

/** The results at the end of the messages; empty: the last message is none. */
export const resultsAtEnd = (messages: readonly ChatMessage[]): string[] =>
  messages.slice(messages.findLastIndex(({ role }) => role !== 'tool') + 1).map(({ content }) => content);
