// Operation: is it alive, is it ready, what does it measure.
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
    draining: z.boolean().optional().meta({ description: 'With `verbose`: the process is being stopped.' }),
    checks: z
      .object({ database: check, redis: check, actors: check })
      .optional()
      .meta({ description: 'With `verbose`.' }),
  })
  .register(COMPONENTS, { id: 'Readiness' });

/** Why would tell strangers about addresses inside; who operates it finds the reason in the log of that part. */
const checkOf = (up: boolean): z.output<typeof check> =>
  up ? { status: 'up' } : { status: 'down', detail: 'it did not answer' };

const VERBOSE = z
  .enum(['', 'true', 'false', '1', '0'])
  .optional()
  .meta({ description: 'Say what each dependency answered.' });

/** Health, readiness, metrics. */
export function operationRoutes({ health, metrics }: Pick<Services, 'health' | 'metrics'>): Operation[] {
  const readinessNow = sharedReadiness(health);
  return [
    operation({
      id: 'getHealth',
      method: 'GET',
      path: '/health',
      tag: 'Operation',
      summary: 'Is it there',
      access: 'open',
      answers: { 200: { description: 'It is.', schema: healthy } },
      handle: () => json({ status: 'healthy' }),
    }),
    operation({
      id: 'getLiveness',
      method: 'GET',
      path: '/livez',
      tag: 'Operation',
      summary: 'Is the process alive',
      description: 'Asks no dependency: a restart would not bring one back.',
      access: 'open',
      answers: { 200: { description: 'It is.', schema: alive } },
      handle: () => json({ status: 'alive' }),
    }),
    operation({
      id: 'getReadiness',
      method: 'GET',
      path: '/readyz',
      tag: 'Operation',
      summary: 'Can it take requests',
      description: 'Really calls database, Redis and actors. Unready as soon as the process is being stopped.',
      access: 'open',
      query: z.strictObject({ verbose: VERBOSE }),
      answers: {
        200: { description: 'It can.', schema: readiness },
        503: { description: 'It cannot, or not for long.', schema: readiness },
      },
      async handle({ query }) {
        const { ready, draining, up } = await readinessNow();
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
      summary: 'Read the metrics of this process',
      access: { thing: 'metrics', owner: 'nobody' },
      answers: { 200: { description: 'Prometheus text.', type: 'text/plain' } },
      handle: async () => ({ status: 200, body: await metrics.text(), type: metrics.contentType }),
    }),
  ];
}
