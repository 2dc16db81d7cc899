// The OpenAPI document. It is generated from the table of operations; these tests check that it is valid and complete.
import test from 'ava';
import { assistantsWith } from '../support/assistants.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { operationsOf } from '../../src/http/operations.ts';
import { start, type Json, type JsonValue, textOf } from './support/ingress.ts';
import { REVIEW_ID } from './support/memory-reviews.ts';
import { MemoryServices } from './support/memory-services.ts';
import { WEBHOOK_ID } from './support/memory-webhooks.ts';

const operations = operationsOf(new MemoryServices().services, {
  version: '1.2.3',
  assistants: assistantsWith('scripted'),
});
const document = JSON.parse(JSON.stringify(openApiDocument(operations, '1.2.3'))) as Json;
const paths = document['paths'] as Record<string, Record<string, Json>>;
const documentedOperations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

/** All values in a JSON value with their keys, depth first. */
function* values(value: JsonValue, key = ''): Generator<[string, JsonValue]> {
  yield [key, value];
  if (value === null || typeof value !== 'object') return;
  for (const [name, member] of Object.entries(value)) yield* values(member, name);
}

test('/openapi.json returns the document of the table', async (t) => {
  const { call } = await start(t);
  const { status, json, headers } = await call('GET', '/openapi.json');
  t.is(status, 200);
  t.regex(headers.get('content-type')!, /^application\/json/);
  t.deepEqual(json, document);
});

test('the document is OpenAPI 3.1 and contains every operation', (t) => {
  t.is(document['openapi'], '3.1.0');
  t.like(document['info'], { title: 'turnkeeper', version: '1.2.3' });
  t.deepEqual(
    documentedOperations.map(({ method, path }) => `${method} ${path}`).toSorted(),
    operations.map(({ method, path }) => `${method} ${path}`).toSorted(),
  );
});

test('operationIds are unique, and every operation has a summary, one tag and security requirements', (t) => {
  const ids = documentedOperations.map(({ operation }) => operation['operationId']);
  t.is(new Set(ids).size, ids.length);
  for (const { operation } of documentedOperations) {
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

test('path parameters match the path, and no parameter is repeated', (t) => {
  for (const { path, operation } of documentedOperations) {
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

test('every response has a description; errors are problem+json, and JSON below /v1', (t) => {
  for (const { path, operation } of documentedOperations) {
    const type = path.startsWith('/v1/') ? 'application/json' : 'application/problem+json';
    const responses = Object.entries(operation['responses'] as Record<string, Json>);
    t.true(responses.some(([status]) => status.startsWith('2')));
    for (const [status, answer] of responses) {
      t.truthy(answer['description']);
      const types = Object.keys((answer['content'] ?? {}) as Json);
      // The 503 of a page that is not built is HTML.
      const isPage = types.length === 1 && types[0] === 'text/html';
      if (Number(status) >= 400 && operation['operationId'] !== 'getReadiness' && !isPage) t.deepEqual(types, [type]);
    }
  }
});

test('operations that write, and only they, may have an unknown outcome', (t) => {
  for (const { path, method, operation } of documentedOperations) {
    const refused = (operation['responses'] as Record<string, Json>)['503'];
    const text = refused ? textOf(refused, 'description') : '';
    const writes = method !== 'GET' && /`(database|actors)_unavailable`/.test(text);
    t.is(text.includes('`outcome_unknown`'), writes, `${method} ${path}`);
  }
});

test('schemas are JSON Schema 2020-12 without generator keywords', (t) => {
  const keys = new Set([...values(document)].map(([key]) => key));
  for (const keyword of ['$schema', '$id', '$defs', 'nullable']) t.false(keys.has(keyword), keyword);
  const chat = ((document['components'] as Json)['schemas'] as Record<string, Json>)['ChatRequest']!;
  t.deepEqual(chat['required'], ['user_id', 'text']);
  t.is(chat['additionalProperties'], false);
  t.like((chat['properties'] as Json)['text'], { type: 'string', minLength: 1, maxLength: 32_000 });
});

test('the document describes every value of on_busy', (t) => {
  const chat = ((document['components'] as Json)['schemas'] as Record<string, Json>)['ChatRequest']!;
  const rule = (chat['properties'] as Record<string, Json>)['on_busy']!;
  for (const name of ['enqueue', 'reject', 'interrupt', 'rollback', 'merge'])
    t.true(textOf(rule, 'description').includes(`\`${name}\`: `), name);
});

test('the example of every body is accepted', async (t) => {
  const fixture = await start(t);
  const { call } = fixture;
  const completed = fixture.add({ userId: 'alice', status: 'completed', reply: 'Hello' });
  for (const { method, path, body, example } of operations.filter((op) => op.body)) {
    t.not(example, undefined, path);
    // No worker runs here, and these operations wait for the reply.
    fixture.nextOutcome = path.startsWith('/v1/') ? { outcome: 'repeated', turn: completed } : null;
    const { status, text } = await call(
      method,
      path.replace('{user_id}', 'alice').replace('{review_id}', REVIEW_ID).replace('{webhook_id}', WEBHOOK_ID),
      body ? example : undefined,
    );
    t.true(status < 300, text);
  }
});

test('the documentation page loads only files of this server', async (t) => {
  const { call } = await start(t);
  const { headers, text } = await call('GET', '/docs');
  t.regex(headers.get('content-type')!, /^text\/html/);
  const addresses = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
  t.true(addresses.length >= 2);
  for (const address of addresses) t.is((await call('GET', address)).status, 200, address);
  t.regex((await call('GET', '/docs/docs.js')).headers.get('content-type')!, /^text\/javascript/);
});
