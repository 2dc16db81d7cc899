// For those who operate it: health, readiness, metrics.
import { z } from 'zod';
import { operation, type Answer, type Operation } from './operation.ts';
import type { Dependency, Services } from './services.ts';

const healthy = z.object({ status: z.literal('healthy') }).meta({ id: 'Healthy' });
const check = z.object({ status: z.enum(['up', 'down']), detail: z.string().optional() });
const readiness = z
  .object({ status: z.enum(['ready', 'unready', 'draining']), checks: z.record(z.string(), check).optional() })
  .meta({ id: 'Readiness' });

/** Asks every dependency at once. */
async function checks(health: Services['health']): Promise<Record<string, z.infer<typeof check>>> {
  const names = Object.keys(health.checks) as Dependency[];
  const results = await Promise.allSettled(names.map((name) => health.checks[name]()));
  return Object.fromEntries(
    results.map((result, index) => [
      names[index]!,
      result.status === 'fulfilled' ? { status: 'up' } : { status: 'down', detail: (result.reason as Error).message },
    ]),
  );
}

async function ready(health: Services['health'], verbose: boolean): Promise<Answer> {
  if (health.draining()) return { status: 503, body: { status: 'draining' }, headers: { 'retry-after': '5' } };
  const found = await checks(health);
  const up = Object.values(found).every(({ status }) => status === 'up');
  const body = { status: up ? 'ready' : 'unready', ...(verbose ? { checks: found } : {}) };
  return { status: up ? 200 : 503, body };
}

const open = {
  tag: 'Operation',
  method: 'get',
  access: { kind: 'open' },
  query: z.strictObject({}),
  problems: [],
} as const;

export const healthOperations = ({ health, metrics }: Services): Operation[] => [
  operation({
    ...open,
    id: 'getHealth',
    path: '/health',
    summary: 'Whether the process answers.',
    answers: { 200: { description: 'It does.', schema: healthy } },
    handle: async () => ({ status: 200, body: { status: 'healthy' } }),
  }),
  operation({
    ...open,
    id: 'getLivez',
    path: '/livez',
    summary: 'Whether the process lives; looks at no dependency, so that one that is away restarts nothing.',
    answers: { 200: { description: 'It does.', schema: healthy } },
    handle: async () => ({ status: 200, body: { status: 'healthy' } }),
  }),
  operation({
    ...open,
    id: 'getReadyz',
    path: '/readyz',
    summary: 'Whether database, Redis and actors answer; 503 while draining.',
    query: z.strictObject({ verbose: z.string().optional() }),
    answers: {
      200: { description: 'Ready.', schema: readiness },
      503: { description: 'Not ready, or draining.', schema: readiness },
    },
    handle: ({ query }) => ready(health, query.verbose !== undefined),
  }),
  operation({
    ...open,
    id: 'getMetrics',
    path: '/metrics',
    summary: 'Prometheus metrics of this process.',
    access: { kind: 'operation' },
    answers: { 200: { description: 'The metrics.', contentType: 'text/plain' } },
    handle: async () => ({ status: 200, body: await metrics.text(), headers: { 'content-type': metrics.contentType } }),
  }),
];
