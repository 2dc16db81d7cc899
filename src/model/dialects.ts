// Where endpoints put the parts of a reply, and what they call them. They say that they follow OpenAI's protocol, but
// each follows it in its own way, so nothing here assumes a type. Pure.
import type { FinishReason, Usage } from '../domain/turn.ts';

export type Members = Readonly<Record<string, unknown>>;

/** The value if it is an object or a list, otherwise an empty object. */
export const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null ? (value as Members) : {};

/** The first choice of a chunk or of a completion: only one is asked for. */
export const choiceOf = (value: Members): Members => membersOf(membersOf(value['choices'])[0]);

/** How a reply ended. `refused`: a filter ended it. `broken`: the endpoint could not write the rest. */
export type Finish = FinishReason | 'refused' | 'broken';

/** Without case and punctuation. Every other word is `broken`: an unknown word never means that the reply is whole. */
const FINISHES: ReadonlyMap<string, Finish> = new Map([
  ...named('stop', 'stop', 'stop_sequence', 'end_turn', 'eos', 'eos_token', 'complete', 'completed', 'done', 'finish'),
  ...named('stop', 'stop_token', 'normal'),
  // Without a call, what the model wrote is all that it says.
  ...named('stop', 'tool_calls', 'tool_call', 'tool_use', 'function_call'),
  ...named('length', 'length', 'max_tokens', 'max_output_tokens', 'max_completion_tokens', 'token_limit'),
  ...named('length', 'model_length', 'model_context_window_exceeded', 'context_length'),
  ...named('length', 'max_length', 'max_new_tokens', 'error_limit'),
  ...named('refused', 'content_filter', 'content_filtered', 'content_policy', 'refusal', 'safety', 'sensitive'),
  ...named('refused', 'prohibited_content', 'blocklist', 'spii', 'recitation', 'guardrail_intervened'),
  ...named('refused', 'image_safety', 'language', 'error_toxic'),
]);

function named(meaning: Finish, ...words: readonly string[]): (readonly [string, Finish])[] {
  return words.map((word) => [plain(word), meaning] as const);
}

/** Endpoints write `max_tokens`, `maxTokens`, `MAX_TOKENS` and `max-tokens`, and Google `FINISH_REASON_MAX_TOKENS`. */
function plain(word: string): string {
  return word
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .replace(/^finishreason(?=.)/, '');
}

/** Words of endpoints that say in every chunk that the reply has not ended. */
const UNFINISHED = new Set(['', 'null', 'none', 'unspecified']);

/** How the reply ended; null: it has not ended, as far as this choice says. */
export function finishOf(choice: Members): Finish | null {
  const value = choice['finish_reason'] ?? choice['finishReason'] ?? membersOf(choice['delta'])['finish_reason'];
  if (value === undefined || value === null || value === false) return null;
  if (typeof value !== 'string') return 'broken';
  const word = plain(value);
  return UNFINISHED.has(word) ? null : (FINISHES.get(word) ?? 'broken');
}

/** Types of the parts of a content that belong to the reply. A part without a type does too. */
const TEXT_TYPES = new Set<unknown>(['text', 'output_text', undefined]);

/** The text of a content: a string, a part, or a list of both. Reasoning, pictures and other parts have none. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(textOf).join('');
  const { type, text, thought, value } = membersOf(content);
  if (!TEXT_TYPES.has(type) || thought === true) return '';
  return textOf(text ?? value ?? '');
}

/** What the model wrote to refuse an answer; empty: nothing. */
export function refusalOf(message: Members): string {
  const { refusal, content } = message;
  const parts = (Array.isArray(content) ? content : []).map((part) => membersOf(part)['refusal']);
  return [refusal, ...parts].filter((text) => typeof text === 'string').join('');
}

/** The content of a choice. `whole`: all of the text so far, otherwise the next piece. */
export interface Content {
  readonly message: Members;
  readonly text: string;
  readonly whole: boolean;
}

/** Some endpoints send the whole text next to each piece: the piece is used. */
export function contentOf(choice: Members): Content {
  const { delta, message, text } = choice;
  const isDelta = typeof delta === 'object' && delta !== null;
  const content = membersOf(isDelta ? delta : message);
  if (isDelta || typeof message === 'object')
    return { message: content, text: textOf(content['content']), whole: !isDelta };
  return { message: {}, text: textOf(text), whole: false };
}

/** A call of a tool, or a piece of one. */
export interface CallPart {
  /** Null: the endpoint sends none. */
  readonly index: number | null;
  /** Empty: none. */
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  /** The arguments arrived as an object instead of a text. */
  readonly isObject: boolean;
}

/** The value if it is a text or a number; otherwise empty. */
const wordOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? `${value}` : '');

function callPartOf(value: unknown): CallPart {
  const call = membersOf(value);
  const described = typeof call['function'] === 'object' ? membersOf(call['function']) : call;
  const said = described['arguments'] ?? described['input'] ?? described['parameters'];
  const isObject = typeof said === 'object' && said !== null;
  return {
    index: typeof call['index'] === 'number' ? call['index'] : null,
    id: wordOf(call['id']),
    name: wordOf(described['name']),
    arguments: isObject ? JSON.stringify(said) : wordOf(said),
    isObject,
  };
}

const CALL_TYPES = new Set<unknown>(['tool_use', 'tool_call', 'function_call']);

function callPartsIn(message: Members): CallPart[] {
  const { tool_calls: calls, function_call: legacy, content } = message;
  const listed = Array.isArray(calls) ? calls : [calls ?? legacy];
  const inContent = (Array.isArray(content) ? content : []).filter((part) => CALL_TYPES.has(membersOf(part)['type']));
  return [...listed, ...inContent].map(callPartOf).filter(({ id, name, arguments: said }) => id + name + said !== '');
}

/** The calls of a choice. `whole`: all of them so far, otherwise pieces. */
export function callsOf(choice: Members): { readonly parts: readonly CallPart[]; readonly whole: boolean } {
  const parts = callPartsIn(membersOf(choice['delta']));
  return parts.length > 0 ? { parts, whole: false } : { parts: callPartsIn(membersOf(choice['message'])), whole: true };
}

/** The largest number of the database's `int4`. */
const MAX_TOKENS = 2_147_483_647;

/** A number of tokens; null: unusable. */
function tokensOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !(number >= 0)) return null;
  const tokens = Math.round(number);
  return tokens <= MAX_TOKENS ? tokens : null;
}

const first = (values: Members, names: readonly string[]): number | null =>
  names.map((name) => tokensOf(values[name])).find((tokens) => tokens !== null) ?? null;

/** The usage of a chunk or of a completion; null: it reports none that is usable. A part that is not reported follows
 *  from the total, or is 0. */
export function usageOf(value: Members): Usage | null {
  const places = [value['usage'], choiceOf(value)['usage'], membersOf(value['x_groq'])['usage']];
  for (const place of places.map(membersOf)) {
    const input = first(place, ['prompt_tokens', 'input_tokens']);
    const output = first(place, ['completion_tokens', 'output_tokens']);
    if (input === null && output === null) continue;
    const total = first(place, ['total_tokens']) ?? 0;
    const rest = (part: number | null): number => Math.max(0, total - (part ?? 0));
    return { inputTokens: input ?? rest(output), outputTokens: output ?? rest(input) };
  }
  return null;
}

/** Whether an object without `choices` is an error: the members of one, each with a code and a text. */
const BARE_ERRORS: readonly (readonly [code: string, text: string])[] = [
  ['code', 'message'],
  ['code', 'msg'],
  ['error_code', 'error_msg'],
  ['detail', 'detail'],
];
/** Codes of success. */
const SUCCESS = new Set<unknown>([undefined, null, 0, '0', 200, '200', 'ok', 'success', '']);

/** Whether the member `error` is one. Beside choices some endpoints send one without any content. */
function hasError({ error, choices }: Members): boolean {
  if (!error || typeof error !== 'object' || choices === undefined) return Boolean(error);
  return !Object.values(error).every((value) => SUCCESS.has(value));
}

/** Whether a value is an error instead of a chunk or a completion. */
export function isError(value: Members): boolean {
  const { errors, object, type, base_resp: base } = value;
  if (hasError(value) || choiceOf(value)['error'] || object === 'error' || type === 'error') return true;
  if (Array.isArray(errors) && errors.length > 0) return true;
  if (!SUCCESS.has(membersOf(base)['status_code'])) return true;
  if (value['choices'] !== undefined) return false;
  return BARE_ERRORS.some(([code, text]) => Boolean(value[text]) && !SUCCESS.has(value[code]));
}
