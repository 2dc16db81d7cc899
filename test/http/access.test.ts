// Authorisation of every operation with every role. An operation that is missing in the table fails the test.
import test from 'ava';
import { assistantsWith } from '../support/assistants.ts';
import type { Access } from '../../src/http/auth/access.ts';
import type { Operation } from '../../src/http/operation.ts';
import { operationsOf } from '../../src/http/operations.ts';
import { keyOf, sha256, start, type Fixture } from './support/ingress.ts';
import { REVIEW_ID } from './support/memory-reviews.ts';
import { ERASURE_ID, MemoryServices } from './support/memory-services.ts';
import { DELIVERY_ID, GLOBAL_WEBHOOK_ID, WEBHOOK_ID } from './support/memory-webhooks.ts';

const ROLES = {
  alice: 'user:alice',
  bob: 'user:bob',
  service: 'service',
  reviewer: 'reviewer',
  admin: 'admin',
} as const;
type Caller = keyof typeof ROLES | 'no key';
const CALLERS = ['no key', 'alice', 'bob', 'service', 'reviewer', 'admin'] as const satisfies readonly Caller[];

/** Statuses for [no key, alice, bob, service, reviewer, admin]. The resource belongs to alice. */
type Row = readonly [number, number, number, number, number, number];
const OPEN: Row = [200, 200, 200, 200, 200, 200];
const OWN: Row = [401, 200, 404, 200, 403, 200];
const PERSONAL: Row = [401, 200, 404, 403, 403, 200];
const REVIEWS: Row = [401, 403, 403, 403, 200, 200];
const ADMIN: Row = [401, 403, 403, 403, 403, 200];
const EXPECTED: Readonly<Record<string, Row>> = {
  postChat: [401, 202, 404, 202, 403, 202],
  getTurn: OWN,
  cancelTurn: [401, 409, 404, 409, 403, 409],
  // The turn is completed.
  retryTurn: [401, 403, 403, 409, 403, 409],
  getTurnEvents: OWN,
  listTurns: OWN,
  getConversation: OWN,
  listConversations: OWN,
  followReviews: REVIEWS,
  listReviews: REVIEWS,
  getReview: REVIEWS,
  listReviewEvents: REVIEWS,
  claimReview: REVIEWS,
  releaseReview: [401, 403, 403, 403, 204, 204],
  decideReview: REVIEWS,
  addWebhook: [401, 201, 404, 201, 403, 201],
  listWebhooks: [401, 200, 200, 200, 403, 200],
  getWebhook: OWN,
  patchWebhook: OWN,
  deleteWebhook: [401, 204, 404, 204, 403, 204],
  rotateWebhookSecret: OWN,
  testWebhook: [401, 202, 404, 202, 403, 202],
  listWebhookDeliveries: OWN,
  replayWebhookDelivery: [401, 202, 404, 202, 403, 202],
  initializeMemory: OWN,
  getMemory: OWN,
  patchMemory: OWN,
  getMemoryHistory: OWN,
  deleteMemory: [401, 204, 404, 204, 403, 204],
  getBudget: OWN,
  exportUser: PERSONAL,
  eraseUser: [401, 202, 404, 403, 403, 202],
  getErasure: PERSONAL,
  initializeAnalytics: [401, 403, 403, 200, 403, 200],
  getAnalytics: [401, 403, 403, 200, 403, 200],
  listAnalytics: [401, 403, 403, 200, 403, 200],
  listModels: [401, 200, 200, 200, 403, 200],
  getModel: [401, 200, 200, 200, 403, 200],
  createChatCompletion: OWN,
  createResponse: OWN,
  getResponse: OWN,
  listInputItems: OWN,
  cancelResponse: OWN,
  // The key of the example is not valid.
  signIn: [401, 401, 401, 401, 401, 401],
  getSession: [401, 200, 200, 200, 200, 200],
  signOut: [204, 204, 204, 204, 204, 204],
  getHealth: OPEN,
  getLiveness: OPEN,
  getReadiness: OPEN,
  getOverview: ADMIN,
  listDeadLetters: ADMIN,
  replayDeadLetter: [401, 403, 403, 403, 403, 202],
  deleteDeadLetter: [401, 403, 403, 403, 403, 204],
  getMetrics: [401, 403, 403, 403, 403, 200],
  getChatPage: OPEN,
  getDeskPage: OPEN,
  getOperationsPage: OPEN,
  // Open, but this asset does not exist.
  getAsset: [404, 404, 404, 404, 404, 404],
  getOpenApi: OPEN,
  getDocs: OPEN,
  getDocsErrors: OPEN,
  getDocsScript: OPEN,
  getDocsStyle: OPEN,
};

const apiKeys = Object.entries(ROLES).map(([name, role]) => ({ name, role, sha256: sha256(keyOf(name)) }));
const SESSION = '3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11';

/** Creates resources of alice. Returns a function that fills their ids into a path. */
function createResources(fixture: Fixture): (path: string) => string {
  const { turnId } = fixture.add({ userId: 'alice', status: 'completed', reply: 'Hello', sessionId: SESSION });
  const row = { turnId, userId: 'alice', sessionId: SESSION, seq: 1, tags: [], metadata: {}, createdAt: new Date() };
  fixture.rows.push({ ...row, ordinal: 0, journal: null, role: 'user', content: 'Hi' });
  return (path) =>
    path
      .replace('{user_id}', 'alice')
      .replace('{turn_id}', turnId)
      .replace('{response_id}', `resp_${turnId}`)
      .replace('{session_id}', SESSION)
      .replace('{review_id}', REVIEW_ID)
      .replace('{erasure_id}', ERASURE_ID)
      .replace('{webhook_id}', WEBHOOK_ID)
      .replace('{delivery_id}', DELIVERY_ID)
      .replace('{model}', 'turnkeeper')
      .replace('{topic}', 'messages')
      .replace('{job_id}', '7');
}

function callAs(fixture: Fixture, caller: Caller, { method, body, example }: Operation, path: string) {
  const headers: Record<string, string> = caller === 'no key' ? {} : { authorization: `Bearer ${keyOf(caller)}` };
  return fixture.call(method, path, body ? example : undefined, headers);
}

const operations = operationsOf(new MemoryServices().services, {
  version: '0',
  assistants: assistantsWith('scripted'),
});

test('the table contains exactly the existing operations', (t) => {
  t.deepEqual(operations.map(({ id }) => id).toSorted(), Object.keys(EXPECTED).toSorted());
  const hasRule = (access: Access) => access === 'open' || typeof access.resource === 'string';
  t.true(operations.every(({ access }) => hasRule(access)));
});

for (const operation of operations) {
  test(`${operation.id} answers each role with the status in the table`, async (t) => {
    for (const [index, caller] of CALLERS.entries()) {
      const fixture = await start(t, { auth: 'keys', apiKeys });
      const fillIds = createResources(fixture);
      // No worker runs here, and some operations wait for the reply.
      const [completed] = fixture.stored.values();
      if (operation.path.startsWith('/v1/')) fixture.nextOutcome = { outcome: 'repeated', turn: completed!.turn };
      const { status, json, headers } = await callAs(fixture, caller, operation, fillIds(operation.path));
      t.is(status, EXPECTED[operation.id]![index]!, `${caller}: ${JSON.stringify(json)}`);
      if (status === 401) t.regex(headers.get('www-authenticate')!, /^Bearer /);
      if (status > 400) t.is(fixture.accepts.length, 0);
    }
  });
}

test('only an admin may manage a webhook for all users', async (t) => {
  const fixture = await start(t, { auth: 'keys', apiKeys });
  const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });
  const body = { url: 'https://example.com/hook' };
  for (const [name, added, found] of [
    ['alice', 403, 404],
    ['service', 403, 404],
    ['admin', 201, 200],
  ] as const) {
    t.is((await fixture.call('POST', '/webhooks', body, as(name))).status, added, name);
    for (const path of ['', '/deliveries'])
      t.is((await fixture.call('GET', `/webhooks/${GLOBAL_WEBHOOK_ID}${path}`, undefined, as(name))).status, found);
  }
  t.is((await fixture.call('GET', '/webhooks?user_id=alice', undefined, as('bob'))).status, 404);
});

test('a resource of another user is answered exactly like one that does not exist', async (t) => {
  const fixture = await start(t, { auth: 'keys', apiKeys });
  const fillIds = createResources(fixture);
  const headers = { authorization: `Bearer ${keyOf('bob')}` };
  for (const path of ['/turns/{turn_id}', '/v1/responses/{response_id}', '/conversations/{session_id}']) {
    const foreign = await fixture.call('GET', fillIds(path), undefined, headers);
    const missing = await fixture.call(
      'GET',
      path.replace(
        /(responses\/)?\{\w+\}/,
        (_, prefix = '') => `${prefix && 'responses/resp_'}3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a99`,
      ),
      undefined,
      headers,
    );
    t.deepEqual(foreign.json, missing.json);
  }
});

test('invalid, empty and malformed keys are answered 401', async (t) => {
  const { call } = await start(t, { auth: 'keys', apiKeys });
  for (const authorization of [
    'Bearer nope',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    `Bearer ${keyOf('admin')}x`,
    `Bearer ${sha256(keyOf('admin'))}`,
    keyOf('admin'),
  ]) {
    const { status, json } = await call('GET', '/metrics', undefined, { authorization });
    t.is(status, 401, authorization);
    t.is(json['code'], 'unauthorized');
  }
  t.is((await call('GET', '/metrics', undefined, { authorization: `bearer ${keyOf('admin')}` })).status, 200);
});

test('keys are never logged, and the body of an unauthorised request is not read', async (t) => {
  const { call, lines } = await start(t, { auth: 'keys', apiKeys });
  const { status } = await call('POST', '/chat', '{broken', { authorization: 'Bearer wrong-key-of-somebody' });
  t.is(status, 401);
  t.false(JSON.stringify(lines).includes('wrong-key'));
});

test('without authentication every caller is admin', async (t) => {
  const { call } = await start(t);
  t.is((await call('GET', '/metrics')).status, 200);
});
