// JSON Schemas of tools: the drafts 2020-12, 2019-09 and 7. No I/O: references to other documents are faults.
import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { capped } from '../text.ts';
import type { JsonSchema } from './tool.ts';

/** The values of `$schema`, with the validator of each. Ajv's main class validates draft 7. */
const DRAFTS = {
  'https://json-schema.org/draft/2020-12/schema': Ajv2020,
  'https://json-schema.org/draft/2019-09/schema': Ajv2019,
  'http://json-schema.org/draft-07/schema': Ajv,
} as const;
type Draft = keyof typeof DRAFTS;
/** The drafts of a schema that does not name one, in this order: the first one that the schema is valid in. */
const WITHOUT_NAME: readonly Draft[] = [
  'https://json-schema.org/draft/2020-12/schema',
  'http://json-schema.org/draft-07/schema',
];

/** Maximum of faults in one text, and of its UTF-16 units. */
const MOST_FAULTS = 20;
const FAULT_CHARACTERS = 2_000;

/** Whether a schema may have keywords that no draft defines. `exact`: no, and no `format`, which nobody would check: a schema
 *  that allows something must not allow more than its author meant. `untrusted`: lenient, and patterns are not checked, because
 *  a text can be written for which a pattern takes years. */
export type Strictness = 'lenient' | 'exact' | 'untrusted';

const ANY_PATTERN = Object.assign(() => ({ test: () => true }), { code: 'anyPattern' });

const OPTIONS: Readonly<Record<Strictness, Options>> = {
  lenient: { strict: false, validateFormats: false },
  exact: { strict: false, strictSchema: true },
  untrusted: { strict: false, validateFormats: false, code: { regExp: ANY_PATTERN } },
};

/** Checks schemas against the definition of their draft. They are not kept. */
const definitions = new Map<Draft, Ajv>();
function definitionOf(draft: Draft): Ajv {
  const known = definitions.get(draft) ?? new DRAFTS[draft]({ strict: false, logger: false, validateFormats: false });
  definitions.set(draft, known);
  return known;
}

const textOf = (errors: readonly ErrorObject[] | null | undefined): string => {
  const faults = (errors ?? []).map(({ instancePath, message = 'is invalid', params }) => {
    const unknown: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
    return `${instancePath === '' ? '' : `${instancePath} `}${message}${typeof unknown === 'string' ? ` (${unknown})` : ''}`;
  });
  const rest = faults.length > MOST_FAULTS ? `; and ${faults.length - MOST_FAULTS} more` : '';
  return capped(faults.slice(0, MOST_FAULTS).join('; '), FAULT_CHARACTERS) + rest;
};

/** Says what is wrong with a value; null: nothing. */
export type Validate = (value: unknown) => string | null;

export type Compiled = { readonly validate: Validate } | { readonly fault: string };

function draftOf(schema: JsonSchema): Draft | { readonly fault: string } {
  const { $schema: named } = schema;
  if (named !== undefined) {
    const name = typeof named === 'string' ? named.replace(/#$/, '') : '';
    return Object.hasOwn(DRAFTS, name) ? (name as Draft) : { fault: 'has an unknown $schema' };
  }
  const first = WITHOUT_NAME.find((draft) => definitionOf(draft).validateSchema(schema) === true);
  return first ?? WITHOUT_NAME[0]!;
}

function compiled(schema: JsonSchema, strictness: Strictness): Compiled {
  const draft = draftOf(schema);
  if (typeof draft !== 'string') return draft;
  const definition = definitionOf(draft);
  if (definition.validateSchema(schema) !== true) return { fault: textOf(definition.errors) };
  // A validator of its own: two schemas may have the same $id.
  const ajv = new DRAFTS[draft]({
    allErrors: true,
    ownProperties: true,
    logger: false,
    meta: false,
    validateSchema: false,
    ...OPTIONS[strictness],
  });
  const check: ValidateFunction = ajv.compile(schema);
  // Such a function returns a promise.
  if ('$async' in check) return { fault: 'has $async' };
  return { validate: (value) => (check(value) ? null : textOf(check.errors)) };
}

const known: Readonly<Record<Strictness, WeakMap<JsonSchema, Compiled>>> = {
  lenient: new WeakMap(),
  exact: new WeakMap(),
  untrusted: new WeakMap(),
};

/** The validator of a schema, or why the schema is invalid. It is kept as long as the schema object. */
export function compile(schema: JsonSchema, strictness: Strictness): Compiled {
  const before = known[strictness].get(schema);
  if (before) return before;
  let result: Compiled;
  try {
    result = compiled(schema, strictness);
  } catch (error) {
    // A reference that leads nowhere, an invalid pattern, a schema that is too deep.
    result = { fault: capped((error as Error).message, FAULT_CHARACTERS) };
  }
  known[strictness].set(schema, result);
  return result;
}

/** What is wrong with a schema of arguments; null: nothing. */
export function faultOfParameters(schema: JsonSchema): string | null {
  if (schema['type'] !== 'object') return 'must be a schema with "type": "object"';
  const result = compile(schema, 'lenient');
  return 'fault' in result ? `is not a valid JSON Schema: ${result.fault}` : null;
}

/** What is wrong with a schema of arguments that need no approval; null: nothing. */
export function faultOfExemption(schema: JsonSchema): string | null {
  const result = compile(schema, 'exact');
  return 'fault' in result ? `is not a valid JSON Schema: ${result.fault}` : null;
}
