// The OpenAPI document: made from the table, so what is left to check is that it is a good document.
import test from 'ava';
import { openApiDocument } from '../../src/http/openapi.ts';
import { operationsOf } from '../../src/http/operations.ts';
import { start, type Json, type JsonValue, textOf } from './support/ingress.ts';
import { REVIEW_ID } from './support/memory-reviews.ts';
import { MemoryServices } from './support/memory-services.ts';
import { WEBHOOK_ID } from './support/memory-webhooks.ts';

const operations = operationsOf(new MemoryServices().services, { version: '1.2.3', model: 'scripted' });
const document = JSON.parse(JSON.stringify(openApiDocument(operations, '1.2.3'))) as Json;
const paths = document['paths'] as Record<string, Record<string, Json>>;
const documented = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

function* values(of: JsonValue, key = ''): Generator<[string, JsonValue]> {
  yield [key, of];
  if (of !== null && typeof of === 'object') for (const [name, part] of Object.entries(of)) yield* values(part, name);
}

test('/openapi.json is the document of the table', async (t) => {
  const { call } = await start(t);
  const { status, json, headers } = await call('GET', '/openapi.json');
  t.is(status, 200);
  t.regex(headers.get('content-type')!, /^application\/json/);
  t.deepEqual(json, document);
});

test('it is OpenAPI 3.1 with what that asks for', (t) => {
  t.is(document['openapi'], '3.1.0');
  t.like(document['info'], { title: 'turnkeeper', version: '1.2.3' });
  t.deepEqual(
    documented.map(({ method, path }) => `${method} ${path}`).toSorted(),
    operations.map(({ method, path }) => `${method} ${path}`).toSorted(),
  );
});

test('operationIds are unique, and every operation says what it does', (t) => {
  const ids = documented.map(({ operation }) => operation['operationId']);
  t.is(new Set(ids).size, ids.length);
  for (const { operation } of documented) {
    t.truthy(operation['summary']);
    t.is((operation['tags'] as string[]).length, 1);
    t.true(Array.isArray(operation['security']));
  }
});

test('every reference resolves, and every component is used', (t) => {
  const schemas = (document['components'] as Json)['schemas'] as Json;
  const refs = [...values(document)].flatMap(([key, ref]) => (key === '$ref' && typeof ref === 'string' ? [ref] : []));
  const known = new Set(Object.keys(schemas).map((name) => `#/components/schemas/${name}`));
  for (const ref of refs) t.true(known.has(ref), ref);
  t.deepEqual(
    Object.keys(schemas).filter((name) => !refs.includes(`#/components/schemas/${name}`)),
    [],
  );
});

test('path parameters are those of the path, parameters are not repeated', (t) => {
  for (const { path, operation } of documented) {
    const parameters = (operation['parameters'] ?? []) as Json[];
    const inPath = parameters.filter((parameter) => parameter['in'] === 'path');
    t.deepEqual(
      inPath.map((parameter) => `{${textOf(parameter, 'name')}}`),
      path.match(/\{\w+\}/g) ?? [],
    );
    t.true(inPath.every(({ required }) => required === true));
    const names = parameters.map((parameter) => `${textOf(parameter, 'in')} ${textOf(parameter, 'name')}`);
    t.is(new Set(names).size, names.length);
    t.true(parameters.every(({ schema }) => typeof schema === 'object'));
  }
});

test('every answer has a description, every error is problem+json, or OpenAI’s below /v1', (t) => {
  for (const { path, operation } of documented) {
    const type = path.startsWith('/v1/') ? 'application/json' : 'application/problem+json';
    const responses = Object.entries(operation['responses'] as Record<string, Json>);
    t.true(responses.some(([status]) => status.startsWith('2')));
    for (const [status, answer] of responses) {
      t.truthy(answer['description']);
      const types = Object.keys((answer['content'] ?? {}) as Json);
      // A page that was not built says so to people.
      const isPage = types.length === 1 && types[0] === 'text/html';
      if (Number(status) >= 400 && operation['operationId'] !== 'getReadiness' && !isPage) t.deepEqual(types, [type]);
    }
  }
});

test('schemas are JSON Schema 2020-12 without leftovers', (t) => {
  const keys = new Set([...values(document)].map(([key]) => key));
  for (const leftover of ['$schema', '$id', '$defs', 'nullable']) t.false(keys.has(leftover), leftover);
  const chat = ((document['components'] as Json)['schemas'] as Record<string, Json>)['ChatRequest']!;
  t.deepEqual(chat['required'], ['user_id', 'text']);
  t.is(chat['additionalProperties'], false);
  t.like((chat['properties'] as Json)['text'], { type: 'string', minLength: 1, maxLength: 32_000 });
});

test('what each rule for a busy user means stands in the document', (t) => {
  const chat = ((document['components'] as Json)['schemas'] as Record<string, Json>)['ChatRequest']!;
  const rule = (chat['properties'] as Record<string, Json>)['on_busy']!;
  for (const name of ['enqueue', 'reject', 'interrupt', 'rollback', 'merge'])
    t.true(textOf(rule, 'description').includes(`\`${name}\`: `), name);
});

test('examples of bodies are accepted', async (t) => {
  const fixture = await start(t);
  const { call } = fixture;
  const answered = fixture.add({ userId: 'alice', status: 'completed', reply: 'Hello' });
  for (const { method, path, body, example } of operations.filter((op) => op.body)) {
    t.not(example, undefined, path);
    // Nobody answers a turn here, and these operations wait for that.
    fixture.nextOutcome = path.startsWith('/v1/') ? { outcome: 'repeated', turn: answered } : null;
    const { status, text } = await call(
      method,
      path.replace('{user_id}', 'alice').replace('{review_id}', REVIEW_ID).replace('{webhook_id}', WEBHOOK_ID),
      body ? example : undefined,
    );
    t.true(status < 300, text);
  }
});

test('the documentation page loads from us alone', async (t) => {
  const { call } = await start(t);
  const { headers, text } = await call('GET', '/docs');
  t.regex(headers.get('content-type')!, /^text\/html/);
  const addresses = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
  t.true(addresses.length >= 2);
  for (const address of addresses) t.is((await call('GET', address)).status, 200, address);
  t.regex((await call('GET', '/docs/docs.js')).headers.get('content-type')!, /^text\/javascript/);
});
