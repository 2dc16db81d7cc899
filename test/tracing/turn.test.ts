// The spans of a turn over the processes of all roles.
import test from 'ava';
import { isAvailable } from '../support/app.ts';
import { call, chat, waitForTurn, eventually } from '../support/client.ts';
import { startScriptedModel } from '../support/model.ts';
import { startRoles } from '../support/roles.ts';
import { decide } from '../reviews/support.ts';
import { startCollector, type SpanJson } from './collector.ts';

const run = isAvailable('dapr') ? test : test.skip;

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const CANARY = 'canary-in-message-texts';

const EXPECTED = [
  /^POST \/chat$/,
  /^POST \/chat > chat-requests process$/,
  // Through daprd, which passed the trace context on and may have added its own spans.
  /^POST \/chat > chat-requests process > UserSession\/claim > .*UserSession\/claim host$/,
  /^POST \/chat > turn$/,
  /^POST \/chat > turn > chat scripted$/,
  /^POST \/chat > turn > commit$/,
  /> human-review create$/,
  /^POST \/chat > review end$/,
  /^POST \/chat > review end > conversations create > conversations process$/,
  /^POST \/chat > review end > messages create > messages process$/,
  /> conversations process > summaries process > chat scripted$/,
  /> summaries process > UserSession\/renewSummary > .*UserSession\/renewSummary host$/,
];

/** For each span, the names of the spans from the root to it. A span whose parent is missing starts with LOST. */
function paths(spans: readonly SpanJson[]): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const path = (span: SpanJson): string => {
    if (span.parentSpanId === CALLER) return span.name;
    const parent = byId.get(span.parentSpanId ?? '');
    return parent ? `${path(parent)} > ${span.name}` : `LOST > ${span.name}`;
  };
  return spans.map(path);
}

run('a turn is one connected trace over the processes of all roles, without any message text', async (t) => {
  t.timeout(120_000);
  const collector = await startCollector(t);
  const model = await startScriptedModel(t);
  const { http, worker, actors } = await startRoles(t, model, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    LOG_LEVEL: 'trace',
  });
  const { url } = http;
  const accepted = await chat(
    url,
    { user_id: 'ann', text: `help, ${CANARY}`, tags: [CANARY], metadata: { note: CANARY } },
    { traceparent: `00-${TRACE}-${CALLER}-01` },
  );
  await waitForTurn(url, accepted.turn_id);
  const review = await eventually('the turn is parked', async () => {
    const { body } = await call<{ review: { review_id: string } | null }>(url, `/turns/${accepted.turn_id}`);
    return body.review;
  });
  await decide(url, review.review_id, { decision: 'edit', reply: `edited ${CANARY}`, note: CANARY });
  t.is((await waitForTurn(url, accepted.turn_id)).status, 'completed');
  await eventually('the summary is stored', async () => {
    const { body } = await call<{ version: number }>(url, '/memories/ann');
    return body.version > 0;
  });
  const traceSpans = () => collector.spans.filter(({ traceId }) => traceId === TRACE);
  // Each process exports its spans within a second or two.
  const missing = () => {
    const found = paths(traceSpans());
    return [
      ...EXPECTED.filter((path) => !found.some((each) => path.test(each))),
      ...found.filter((each) => each.startsWith('LOST')),
    ];
  };
  await eventually('all spans are exported', async () => missing().length === 0).catch(() => {});
  t.deepEqual(missing(), [], paths(traceSpans()).join('\n'));
  t.false(collector.bodies.join('').includes(CANARY), 'no message text in spans');
  for (const process of [http, worker, actors]) {
    t.false(process.output().includes(CANARY), 'no message text in logs');
    t.is(await process.stop(), 0);
  }
  t.true(worker.output().includes(TRACE) || http.output().includes(TRACE), 'log lines contain the trace id');
});

run('a request without a trace context starts a new trace, which is exported to Zipkin', async (t) => {
  t.timeout(120_000);
  const collector = await startCollector(t);
  const { http } = await startRoles(t, await startScriptedModel(t), {
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${collector.url}/api/v2/spans`,
  });
  const { turn_id: id } = await chat(http.url, { user_id: 'ann', text: 'hello' });
  await waitForTurn(http.url, id);
  const trace = await eventually(
    'the span of the turn',
    async () => collector.zipkinSpans.find(({ name }) => name === 'turn') ?? null,
  );
  await eventually('the request is in the same trace', async () =>
    collector.zipkinSpans.some(({ name, traceId }) => name === 'POST /chat' && traceId === trace.traceId),
  );
  t.pass();
});
