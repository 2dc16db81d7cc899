// Tracing (OpenTelemetry): one turn is one trace, over all processes that work on it. Its place in the trace travels as a W3C
// traceparent: in headers, in events, and in the turn's row, which outlives them all. Off, spans cost next to nothing.
import {
  context,
  INVALID_SPAN_CONTEXT,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type Tracer,
} from '@opentelemetry/api';

export type Kind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';
const KINDS: Readonly<Record<Kind, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

export interface SpanOptions {
  readonly kind?: Kind;
  /** Never text, never secrets. */
  readonly attributes?: Attributes;
  /** The traceparent to go on from; absent or null: the span that is under way. */
  readonly parent?: string | null | undefined;
}

/** Null: tracing is off. One for the process, as the context of a span is. */
let tracer: Tracer | null = null;

/** Spans are made by this tracer from now on; null: none are made. */
export function traceWith(next: Tracer | null): void {
  tracer = next;
}

const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

const parentContext = (traceparent: string | null | undefined) =>
  traceparent ? propagation.extract(ROOT_CONTEXT, { traceparent }) : context.active();

/** Runs `work` in a span; what it rejects with is recorded by its name alone, since messages may hold text. */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  if (!tracer) return work(NO_SPAN);
  const { kind = 'internal', attributes = {}, parent } = options;
  return tracer.startActiveSpan(name, { kind: KINDS[kind], attributes }, parentContext(parent), async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.setAttribute('error.type', (error as Error | null)?.name ?? 'unknown');
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The place of the span that is under way, to go on from elsewhere; null: it is not recorded. */
export function traceparent(): string | null {
  const span = tracer && trace.getSpanContext(context.active());
  if (!span || (span.traceFlags & 1) === 0) return null;
  return `00-${span.traceId}-${span.spanId}-01`;
}

/** What a log line tells of the span under way. */
export function traceFields(): Readonly<Record<string, string>> {
  const span = tracer && trace.getSpanContext(context.active());
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
