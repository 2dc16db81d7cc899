// Records and exports spans. Loaded only if an export address is set.
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import { traceWith } from './tracing.ts';

export interface TracingOptions {
  /** Base address of an OTLP collector (HTTP); undefined: none. */
  readonly otlpUrl: string | undefined;
  /** Address of Zipkin's API for spans; undefined: none. */
  readonly zipkinUrl: string | undefined;
  /** Fraction of the traces that is recorded if the caller did not decide, 0 to 1. */
  readonly ratio: number;
  readonly serviceName: string;
  readonly version: string;
}

/** Pause between two exports in milliseconds, so that there is at most one export per second. */
const EXPORT_PAUSE_MS = 1_000;
const QUEUE = 8_192;

/** Starts to record and export. Returns a function that stops it and resolves once everything is sent. */
export function startTracing(options: TracingOptions): () => Promise<void> {
  const { otlpUrl, zipkinUrl, ratio, serviceName, version } = options;
  const exporters: SpanExporter[] = [];
  if (otlpUrl !== undefined) exporters.push(new OTLPTraceExporter({ url: `${otlpUrl.replace(/\/$/, '')}/v1/traces` }));
  if (zipkinUrl !== undefined) exporters.push(new ZipkinExporter({ url: zipkinUrl }));
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: exporters.map(
      (exporter) => new BatchSpanProcessor({ exporter, scheduledDelayMillis: EXPORT_PAUSE_MS, maxQueueSize: QUEUE }),
    ),
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  traceWith(provider.getTracer('turnkeeper', version));
  return async () => {
    traceWith(null);
    await provider.shutdown().catch(() => {});
    context.disable();
    propagation.disable();
  };
}
