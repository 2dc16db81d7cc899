// The arguments of a call as the fields of a form.
import test from 'ava';
import { argumentsOf, argumentsOfJson, fieldsOf } from '../../web/src/desk/calls/arguments.ts';

test('arguments that nobody changed are the same after the form, as JSON text', (t) => {
  for (const text of [
    '{}',
    '{"b":1,"a":"1","10":true,"":null}',
    '{"text":"  \\"quoted\\" \\n\\u2028 ","empty":""}',
    '{"n":-1.5e-7,"big":9007199254740991,"deep":{"list":[1,[{"x":null}]]}}',
    '{"__proto__":{"admin":true},"constructor":"x"}',
  ]) {
    const read = argumentsOf(fieldsOf(JSON.parse(text) as Record<string, unknown>));
    t.true('value' in read);
    if ('value' in read) t.is(JSON.stringify(read.value), JSON.stringify(JSON.parse(text)));
  }
});

test('a text stays a text, and faults name their argument', (t) => {
  const field = (kind: 'text' | 'number' | 'JSON', text: string) => argumentsOf([{ name: 'x', kind, text }]);
  for (const text of ['5', 'true', 'null', '', '{"a":1}']) t.deepEqual(field('text', text), { value: { x: text } });
  for (const text of ['', 'a', '"5"', '1,5', 'NaN', '0x10', '[1]'])
    t.deepEqual(field('number', text), { fault: 'x: this is not a number.' }, text);
  for (const text of ['1e999', '9007199254740993', '-9007199254740993'])
    t.deepEqual(field('number', text), { fault: 'x: a number is too large.' }, text);
  t.deepEqual(field('JSON', '{"a":[9007199254740993]}'), { fault: 'x: a number is too large.' });
  t.deepEqual(field('JSON', '{a:1}'), { fault: 'x: this is not JSON.' });
  for (const text of ['[]', 'null', '"x"', '1'])
    t.deepEqual(argumentsOfJson(text), { fault: 'Arguments: this is not a JSON object.' });
  t.deepEqual(argumentsOfJson('{"a":1}'), { value: { a: 1 } });
});
