// The arguments of calls: what is wrong with them, and which calls need an approval.
import test from 'ava';
import type { Approval, JsonSchema } from '../../src/domain/tools/tool.ts';
import { toolAt, toolbox } from './support.ts';

const { box } = toolbox();
const faultOf = (text: string, parameters: JsonSchema = { type: 'object' }) =>
  box.faultOf(toolAt('https://a.example/', { parameters }), text);

const schema = {
  type: 'object',
  properties: { order: { type: 'string', pattern: '^[A-Z]-\\d+$' }, amount: { type: 'number', exclusiveMinimum: 0 } },
  required: ['order', 'amount'],
  additionalProperties: false,
};

test('arguments that are valid have no fault', (t) => {
  for (const text of ['{"order":"A-1","amount":0.5}', ' { "amount" : 1e3 , "order" : "B-22" }\n'])
    t.is(faultOf(text, schema), null, text);
  for (const text of ['{}', '{"a":9007199254740991,"b":-9007199254740991,"c":0.1e-300,"d":[{"a":1},{"a":1}]}'])
    t.is(faultOf(text), null, text);
  t.is(faultOf('{"a":"9007199254740993 {\\"a\\":1,\\"a\\":2}","b":{"a":["a","a"]},"c":"a"}'), null);
});

const deep = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
const FAULTS: readonly (readonly [text: string, fault: RegExp])[] = [
  ['', /are not JSON/],
  ['{', /are not JSON/],
  ['{}{}', /are not JSON/],
  ["{'a':1}", /are not JSON/],
  ['[]', /not a JSON object/],
  ['null', /not a JSON object/],
  ['"{}"', /not a JSON object/],
  ['{"a":9007199254740992}', /number 9007199254740992 is beyond 2\^53-1/],
  ['{"a":[{"b":-9007199254740993}]}', /-9007199254740993 is beyond/],
  ['{"a":1e300}', /1e300 is beyond/],
  ['{"a":1E400}', /1E400 is beyond/],
  ['{"a":9007199254740993.0}', /beyond/],
  [`{"a":${'9'.repeat(20_000)}}`, /beyond/],
  ['{"a":1,"a":2}', /"a" occurs twice/],
  ['{"x":[{"a":1,"b":{"c":[]},"\\u0061":2}]}', /"\\u0061" occurs twice/],
  ['{"__proto__":{}}', /__proto__/],
  [deep(65), /more than 64 levels/],
  [deep(10_000), /more than 64 levels/],
  [`{"a":"${'x'.repeat(32 * 1024)}"}`, /more than 32768/],
  ['{"a":"\ud800"}', /half a character/],
];
for (const [text, fault] of FAULTS)
  test(`arguments such as ${text.slice(0, 40)} (${text.length} characters) are refused: ${fault.source}`, (t) => {
    t.regex(faultOf(text) ?? 'null', fault);
    t.true(faultOf(text)!.length < 3_000);
    t.true(box.needsApproval(toolAt('https://a.example/', { approval: { unless: {} } }), text));
  });

test('all faults by the schema are named, in a text that is not too long', (t) => {
  const fault = faultOf('{"order":7,"amount":0,"note":"x"}', schema)!;
  for (const part of ['/order must be string', '/amount must be > 0', 'additional properties (note)'])
    t.true(fault.includes(part), fault);
  const many = `{${Array.from({ length: 2_000 }, (_, index) => `"k${index}":1`).join()}}`;
  const long = faultOf(many, { ...schema, required: [] })!;
  t.true(long.length < 2_500);
  t.regex(long, /; and 1980 more/);
});

test('a name that every object has is missing if it is not there', (t) => {
  t.regex(faultOf('{}', { type: 'object', required: ['toString'] })!, /required property 'toString'/);
});

test('a schema that cannot be compiled or evaluated is a fault, and nothing throws', (t) => {
  t.regex(faultOf('{}', { type: 'object', $ref: '#/nowhere' })!, /the schema is invalid/);
  t.regex(faultOf('{}', { type: 'object', $ref: '#' })!, /the schema cannot be evaluated/);
});

const needs = (approval: Approval, text: string) => box.needsApproval(toolAt('https://a.example/', { approval }), text);

test('approval is needed always, never, or unless the arguments match', (t) => {
  t.true(needs(true, '{}'));
  t.false(needs(false, '{}'));
  const small = { properties: { amount: { type: 'number', maximum: 5 } }, required: ['amount'] };
  for (const [text, expected] of [
    ['{"amount":5}', false],
    ['{"amount":5.01}', true],
    ['{"amount":"5"}', true],
    ['{}', true],
    ['{"amount":1,"amount":100}', true],
    ['nonsense', true],
  ] as const)
    t.is(needs({ unless: small }, text), expected, text);
  t.false(needs({ unless: {} }, '{}'));
  t.true(needs({ unless: { not: {} } }, '{}'));
});

test('a rule that cannot be evaluated exempts nothing', (t) => {
  for (const unless of [
    { $ref: '#' },
    { $ref: '#/x' },
    { type: 'nothing' },
    { max: 5 },
    { $async: true },
    { format: 'x' },
  ])
    t.true(needs({ unless }, '{}'), JSON.stringify(unless));
});
