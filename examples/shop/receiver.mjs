// The tools of a tea shop: orders, and refunds that are paid once. No dependencies; Node 20 or newer.
//
//     REFUND_SECRET=whsec_… node examples/shop/receiver.mjs [port]
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const port = Number(process.argv[2] ?? 8090);
const secret = process.env.REFUND_SECRET ?? '';
/** A request that is older than this is refused: it may be repeated by somebody else. */
const MAX_AGE_S = 300;

const orders = new Map([
  ['A1', { order: 'A1', item: 'Assam, 250 g', paid: 12.5, status: 'delivered' }],
  ['A2', { order: 'A2', item: 'Teapot', paid: 39, status: 'on its way' }],
]);
/** Refunds by idempotency key. A shop keeps them in its database, in the transaction that pays. */
const refunds = new Map();

/** Verifies the signature of Standard Webhooks (https://www.standardwebhooks.com) over the body as it was received. */
function isSigned(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures = '' } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(at)) < MAX_AGE_S)) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = Buffer.from(createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64'));
  return signatures.split(' ').some((each) => {
    const given = Buffer.from(each.replace(/^v1,/, ''));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function getOrder({ arguments: { order } }) {
  const found = orders.get(order);
  return found ? [200, found] : [404, { error: `there is no order ${order}` }];
}

function refund({ arguments: { order, amount }, user_id: user }, headers, body) {
  if (!isSigned(headers, body)) return [401, { error: 'the signature is missing or wrong' }];
  const key = headers['idempotency-key'];
  if (!refunds.has(key)) {
    const found = orders.get(order);
    if (!found) return [404, { error: `there is no order ${order}` }];
    if (amount > found.paid) return [422, { error: `only ${found.paid} € were paid` }];
    refunds.set(key, { refund: `R${refunds.size + 1}`, order, amount });
    console.log(`paid ${amount} € back for ${order} to ${user} (${key})`);
  }
  return [200, refunds.get(key)];
}

const tools = { '/get-order': getOrder, '/refund': refund };

async function answer(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts).toString();
  const tool = tools[request.url];
  const [status, result] = tool ? tool(JSON.parse(body), request.headers, body) : [404, { error: 'no such tool' }];
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(result));
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.writeHead(400).end());
});
server.listen(port, '127.0.0.1', () => console.log(`The shop listens on http://127.0.0.1:${server.address().port}.`));
