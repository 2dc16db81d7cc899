// Health, liveness, readiness and metrics of the process.
import { z } from 'zod';
import { sharedReadiness } from '../../telemetry/health.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS } from '../schemas.ts';
import type { Services } from '../services.ts';

const healthy = z.object({ status: z.literal('healthy') }).register(COMPONENTS, { id: 'Healthy' });
const alive = z.object({ status: z.literal('alive') }).register(COMPONENTS, { id: 'Alive' });
const check = z
  .object({ status: z.enum(['up', 'down']), detail: z.string().optional() })
  .register(COMPONENTS, { id: 'Check' });
const readiness = z
  .object({
    status: z.enum(['ready', 'unready']),
    draining: z.boolean().optional().meta({ description: 'With `verbose`: whether the process is stopping.' }),
    checks: z
      .object({ database: check, redis: check, actors: check })
      .optional()
      .meta({ description: 'With `verbose`.' }),
  })
  .register(COMPONENTS, { id: 'Readiness' });

/** The reason of a failure is not included, because it would reveal internal addresses to unauthenticated callers. The log
 *  of the dependency has it. */
const checkOf = (up: boolean): z.output<typeof check> =>
  up ? { status: 'up' } : { status: 'down', detail: 'The dependency did not answer.' };

const VERBOSE = z
  .enum(['', 'true', 'false', '1', '0'])
  .optional()
  .meta({ description: 'Include the result for each dependency.' });

/** Operations for health, readiness and metrics. */
export function operationRoutes({ health, metrics }: Pick<Services, 'health' | 'metrics'>): Operation[] {
  const readReadiness = sharedReadiness(health);
  return [
    operation({
      id: 'getHealth',
      method: 'GET',
      path: '/health',
      tag: 'Operation',
      summary: 'Check that the server responds',
      access: 'open',
      answers: { 200: { description: 'The server responds.', schema: healthy } },
      handle: () => json({ status: 'healthy' }),
    }),
    operation({
      id: 'getLiveness',
      method: 'GET',
      path: '/livez',
      tag: 'Operation',
      summary: 'Check that the process is alive',
      description: 'Does not check dependencies: restarting this process would not repair them.',
      access: 'open',
      answers: { 200: { description: 'The process is alive.', schema: alive } },
      handle: () => json({ status: 'alive' }),
    }),
    operation({
      id: 'getReadiness',
      method: 'GET',
      path: '/readyz',
      tag: 'Operation',
      summary: 'Check that the process can serve requests',
      description: 'Calls the database, Redis and the actors. The process is unready as soon as it begins to stop.',
      access: 'open',
      query: z.strictObject({ verbose: VERBOSE }),
      answers: {
        200: { description: 'The process is ready.', schema: readiness },
        503: { description: 'A dependency is unavailable, or the process is stopping.', schema: readiness },
      },
      async handle({ query }) {
        const { ready, draining, up } = await readReadiness();
        const verbose = query.verbose !== undefined && query.verbose !== 'false' && query.verbose !== '0';
        const status = ready ? 'ready' : 'unready';
        const checks = { database: checkOf(up.database), redis: checkOf(up.redis), actors: checkOf(up.actors) };
        return json(verbose ? { status, draining, checks } : { status }, ready ? 200 : 503);
      },
    }),
    operation({
      id: 'getMetrics',
      method: 'GET',
      path: '/metrics',
      tag: 'Operation',
      summary: 'Retrieve the metrics of this process',
      access: { resource: 'metrics', owner: 'none' },
      answers: { 200: { description: 'Metrics in the Prometheus text format.', type: 'text/plain' } },
      handle: async () => ({ status: 200, body: await metrics.text(), type: metrics.contentType }),
    }),
  ];
}
