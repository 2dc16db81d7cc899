// Checks the arguments of a call before a person sees them or a tool gets them. No I/O.
import { compile } from './json-schema.ts';
import type { Tool } from './tool.ts';

const MOST_BYTES = 32 * 1024;
const MOST_LEVELS = 64;
const FAULT_CHARACTERS = 200;

/** Strings, numbers and the characters that structure a JSON text. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]/g;

/** What is wrong with a valid JSON text, which JSON.parse does not say: two readers could understand it differently. */
function ambiguityIn(text: string): string | null {
  /** The names of each open object; null: a list. */
  const open: (Set<string> | null)[] = [];
  let isName = false;
  for (const [token] of text.matchAll(TOKEN)) {
    const names = open.at(-1);
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : null);
      if (open.length > MOST_LEVELS) return `they have more than ${MOST_LEVELS} levels`;
      isName = token === '{';
    } else if (token === '}' || token === ']') open.pop();
    else if (token === ':') isName = false;
    else if (token === ',') isName = names instanceof Set;
    else if (!token.startsWith('"')) {
      if (Math.abs(Number(token)) > Number.MAX_SAFE_INTEGER)
        return `the number ${token.slice(0, FAULT_CHARACTERS)} is beyond 2^53-1`;
    } else if (isName && names) {
      const name = JSON.parse(token) as string;
      if (name === '__proto__') return 'they have the name __proto__';
      if (names.has(name)) return `the name ${token.slice(0, FAULT_CHARACTERS)} occurs twice in an object`;
      names.add(name);
    }
  }
  return null;
}

type Arguments = { readonly value: unknown } | { readonly fault: string };

function argumentsIn(text: string): Arguments {
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) return { fault: `they have ${bytes} bytes, more than ${MOST_BYTES}` };
  if (!text.isWellFormed()) return { fault: 'they contain half a character' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: 'they are not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { fault: 'they are not a JSON object' };
  const fault = ambiguityIn(text);
  return fault === null ? { value } : { fault };
}

/** The faults of a value by the schema; not null too if it cannot be evaluated, for example because it refers to itself. */
function schemaFault(...[schema, strictness, value]: [...Parameters<typeof compile>, unknown]): string | null {
  const compiled = compile(schema, strictness);
  if ('fault' in compiled) return `the schema is invalid: ${compiled.fault}`;
  try {
    return compiled.validate(value);
  } catch {
    return 'the schema cannot be evaluated';
  }
}

/** What is wrong with the arguments, for the model; null: nothing. */
export function faultOfArguments({ parameters }: Tool, text: string): string | null {
  const read = argumentsIn(text);
  const fault = 'fault' in read ? read.fault : schemaFault(parameters, 'lenient', read.value);
  return fault === null ? null : `The arguments are not valid, so the tool was not called: ${fault}.`;
}

/** Whether a person must approve a call with these arguments. A rule that cannot be evaluated exempts nothing. */
export function approvalNeeded({ approval }: Tool, text: string): boolean {
  if (typeof approval === 'boolean') return approval;
  const read = argumentsIn(text);
  return 'fault' in read || schemaFault(approval.unless, 'exact', read.value) !== null;
}
