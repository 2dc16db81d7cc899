// The arguments of a call as the fields of a form, and back. Pure.

export type Arguments = Readonly<Record<string, unknown>>;

/** How a value is entered. Lists, objects and null are entered as JSON. */
export type FieldKind = 'text' | 'number' | 'yes or no' | 'JSON';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  /** What is in the field. */
  readonly text: string;
}

const KIND_OF: Readonly<Record<string, FieldKind>> = { string: 'text', number: 'number', boolean: 'yes or no' };

/** How a value is entered. */
export const kindOf = (value: unknown): FieldKind => KIND_OF[typeof value] ?? 'JSON';

/** JSON for people. */
export const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

/** A value as the text of its field. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : pretty(value));

/** One field for each argument. */
export const fieldsOf = (value: Arguments): Field[] =>
  Object.entries(value).map(([name, part]) => ({ name, kind: kindOf(part), text: textOf(part) }));

/** The object or list of a JSON text; any other text as it is. */
export function structuredOr(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : text;
  } catch {
    return text;
  }
}

export type Read<T> = { readonly value: T } | { readonly fault: string };

/** Whether a number was changed by reading it: integers beyond 2^53 − 1 are. */
const isExact = (value: unknown): boolean => {
  if (typeof value === 'number')
    return Number.isFinite(value) && !(Number.isInteger(value) && !Number.isSafeInteger(value));
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact);
};

function parse(name: string, text: string): Read<unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isExact(value) ? { value } : { fault: `${name}: a number is too large.` };
  } catch {
    return { fault: `${name}: this is not JSON.` };
  }
}

function valueOf({ name, kind, text }: Field): Read<unknown> {
  if (kind === 'text') return { value: text };
  const read = parse(name, text);
  return kind === 'number' && !('value' in read && typeof read.value === 'number')
    ? { fault: 'value' in read || read.fault.endsWith('JSON.') ? `${name}: this is not a number.` : read.fault }
    : read;
}

/** The arguments that the fields contain, or the first fault. */
export function argumentsOf(fields: readonly Field[]): Read<Arguments> {
  const entries: [string, unknown][] = [];
  for (const field of fields) {
    const read = valueOf(field);
    if ('fault' in read) return read;
    entries.push([field.name, read.value]);
  }
  return { value: Object.fromEntries(entries) };
}

/** The arguments that a JSON text contains, or its fault. */
export function argumentsOfJson(text: string): Read<Arguments> {
  const read = parse('Arguments', text);
  if ('fault' in read) return read;
  const { value } = read;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? { value: value as Arguments }
    : { fault: 'Arguments: this is not a JSON object.' };
}
