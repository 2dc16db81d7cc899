// Tracing (OpenTelemetry): one turn is one trace across all processes that work on it. The position in the trace is a
// W3C traceparent in headers, in events, and in the turn's row, which outlives them all. While tracing is off, spans
// cost almost nothing.
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
  /** Never message text, never secrets. */
  readonly attributes?: Attributes;
  /** The traceparent to continue; missing or null: the current span. */
  readonly parent?: string | null | undefined;
}

/** Null: tracing is off. It is global in the process, because the context of spans is too. */
let tracer: Tracer | null = null;

/** Creates spans with this tracer from now on; null: creates no spans. */
export function traceWith(next: Tracer | null): void {
  tracer = next;
}

const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

const parentContext = (traceparent: string | null | undefined) =>
  traceparent ? propagation.extract(ROOT_CONTEXT, { traceparent }) : context.active();

/** Runs `work` in a span. Only the name of an error is recorded, because its message may contain text of users. */
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

/** The traceparent of the current span, to continue the trace elsewhere; null: the span is not recorded. */
export function traceparent(): string | null {
  const span = tracer && trace.getSpanContext(context.active());
  if (!span || (span.traceFlags & 1) === 0) return null;
  return `00-${span.traceId}-${span.spanId}-01`;
}

/** The fields of a log line that name the current span. */
export function traceFields(): Readonly<Record<string, string>> {
  const span = tracer && trace.getSpanContext(context.active());
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
