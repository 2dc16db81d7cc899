// The span of a call, and the trace context that the tool gets. Tracing is global, so this file has one test.
import test from 'ava';
import { startTracing } from '../../src/telemetry/tracing-export.ts';
import { startCollector } from '../tracing/collector.ts';
import { startReceiver } from '../webhooks/support.ts';
import { answer, callOf, toolAt, toolbox } from './support.ts';

test('a call is a span with names and ids, which the tool can continue, without arguments and results', async (t) => {
  const collector = await startCollector(t);
  const receiver = await startReceiver(t);
  receiver.answer = (response) => answer(receiver.received.length === 1 ? 200 : 404, 'canary-result')(response);
  const stop = startTracing({
    otlpUrl: collector.url,
    zipkinUrl: undefined,
    ratio: 1,
    serviceName: 'test',
    version: '1',
  });
  const { box } = toolbox();
  for (const _ of [1, 2]) {
    const call = callOf(toolAt(receiver.url), '{"a":"canary-argument"}');
    await box.call(call, new AbortController().signal);
  }
  await stop();
  const [first, second] = collector.spans;
  t.is(first!.name, 'execute_tool refund');
  const attributes = (span: typeof first) =>
    Object.fromEntries(span!.attributes.map(({ key, value }) => [key, value['stringValue']]));
  t.deepEqual(attributes(first), {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'refund',
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': 'call_1',
    'gen_ai.conversation.id': '00000000-0000-4000-8000-000000000002',
  });
  t.is(attributes(second)['error.type'], 'failed');
  t.is(receiver.received[0]!.headers['traceparent'], `00-${first!.traceId}-${first!.spanId}-01`);
  t.notRegex(collector.bodies.join(''), /canary/);
});
