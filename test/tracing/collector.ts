// A trace collector for tests: receives spans over OTLP (JSON) and in Zipkin's format, and keeps them.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Owner } from '../support/owner.ts';

export interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** The OTLP span kind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly attributes: readonly { key: string; value: Record<string, unknown> }[];
}

interface OtlpJson {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly SpanJson[] }[] }[];
}

export interface Collector {
  readonly url: string;
  readonly spans: readonly SpanJson[];
  readonly zipkinSpans: readonly { traceId: string; name: string }[];
  /** All request bodies, unparsed. */
  readonly bodies: readonly string[];
}

/** Starts a collector. It is stopped when the test ends. */
export async function startCollector(t: Owner): Promise<Collector> {
  const spans: SpanJson[] = [];
  const zipkinSpans: { traceId: string; name: string }[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const part of request) body += String(part);
      bodies.push(body);
      if (request.url === '/v1/traces') {
        const { resourceSpans } = JSON.parse(body) as OtlpJson;
        spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      } else zipkinSpans.push(...(JSON.parse(body) as typeof zipkinSpans));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, zipkinSpans, bodies };
}
