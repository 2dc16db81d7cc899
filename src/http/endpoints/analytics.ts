// Analytics: counts of a user, and of all users by day.
import { z } from 'zod';
import { TURN_STATUSES, type TurnStatus } from '../../domain/turn.ts';
import { json, operation, type Operation } from '../operation.ts';
import { invalidRequest, type Problem } from '../problem.ts';
import { COMPONENTS, instant, moment, userId } from '../schemas.ts';
import type { Activity } from '../../domain/statistics.ts';
import type { AnalyticsService } from '../services.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const MAX_DAYS = 366;

const counts = z.object(
  Object.fromEntries(TURN_STATUSES.map((status) => [status, z.int()])) as Record<TurnStatus, z.ZodInt>,
);
const activityFields = {
  message_count: z.int(),
  by_status: counts,
  reviewed: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  first_at: instant.nullable(),
  last_at: instant.nullable(),
};
const activity = z.object({ user_id: z.string(), ...activityFields }).register(COMPONENTS, { id: 'Activity' });
const activityByDay = z
  .object({
    from: z.string().meta({ format: 'date' }),
    to: z.string().meta({ format: 'date' }),
    items: z.array(z.object({ day: z.string().meta({ format: 'date' }), ...activityFields })),
  })
  .register(COMPONENTS, { id: 'ActivityByDay' });

const initializeAnalytics = z
  .strictObject({ message_count: z.int().min(0).max(1_000_000_000) })
  .register(COMPONENTS, { id: 'InitializeAnalytics' });
const initialized = z
  .object({ status: z.literal('success'), user_id: z.string(), message_count: z.int() })
  .register(COMPONENTS, { id: 'AnalyticsInitialized' });

/** The counts of a user, or of all users on one day, as JSON. */
export const activityJson = (activity: Activity) => ({
  message_count: activity.messageCount,
  by_status: Object.fromEntries(TURN_STATUSES.map((status) => [status, activity.byStatus[status] ?? 0])),
  reviewed: activity.reviewed,
  input_tokens: activity.inputTokens,
  output_tokens: activity.outputTokens,
  first_at: activity.firstAt?.toISOString() ?? null,
  last_at: activity.lastAt?.toISOString() ?? null,
});

const dayOf = (time: Date): string => time.toISOString().slice(0, 10);

/** The first and the last day of the requested period, both inclusive. @throws Problem invalid_request */
function period(from: Date | undefined, to: Date | undefined): { from: string; to: string } {
  const end = to ?? new Date(Math.max(Date.now(), from?.getTime() ?? 0));
  const start = from ?? new Date(end.getTime() - (DEFAULT_DAYS - 1) * DAY_MS);
  const days = { from: dayOf(start), to: dayOf(end) };
  if (days.from > days.to) throw badPeriod('must not be after `to`');
  if (end.getTime() - start.getTime() > MAX_DAYS * DAY_MS)
    throw badPeriod(`must be at most ${MAX_DAYS} days before \`to\``);
  return days;
}

const badPeriod = (detail: string): Problem => invalidRequest([{ pointer: '/query/from', detail }]);

const ofUser = {
  tag: 'Analytics',
  access: { resource: 'analytics', owner: 'path' },
  params: z.strictObject({ user_id: userId }),
} as const;

/** Operations for analytics. */
export const analyticsOperations = (analytics: AnalyticsService): Operation[] => [
  operation({
    ...ofUser,
    id: 'initializeAnalytics',
    method: 'POST',
    path: '/analytics/{user_id}/initialize',
    summary: 'Set the message count of a user',
    body: initializeAnalytics,
    example: { message_count: 5 },
    answers: { 200: { description: 'The count is set. Further messages are added to it.', schema: initialized } },
    problems: ['database_unavailable'],
    async handle({ path, body }) {
      await analytics.initialize(path.user_id, body.message_count);
      return json({ status: 'success', user_id: path.user_id, message_count: body.message_count });
    },
  }),
  operation({
    ...ofUser,
    id: 'getAnalytics',
    method: 'GET',
    path: '/analytics/{user_id}',
    summary: 'Retrieve the counts of a user',
    answers: { 200: { description: 'The counts of the user.', schema: activity } },
    problems: ['database_unavailable'],
    handle: async ({ path }) => json({ user_id: path.user_id, ...activityJson(await analytics.ofUser(path.user_id)) }),
  }),
  operation({
    id: 'listAnalytics',
    method: 'GET',
    path: '/analytics',
    tag: 'Analytics',
    summary: 'List the counts of all users by day',
    description: `Days are in UTC; days without activity are omitted. The default period is the last ${DEFAULT_DAYS} days, the longest ${MAX_DAYS} days.`,
    access: { resource: 'analytics', owner: 'none' },
    query: z.strictObject({
      from: moment.optional().meta({ description: 'The first day.' }),
      to: moment.optional().meta({ description: 'The last day, inclusive.' }),
    }),
    answers: { 200: { description: 'The counts of each day, oldest day first.', schema: activityByDay } },
    problems: ['database_unavailable'],
    async handle({ query }) {
      const days = period(query.from, query.to);
      const items = await analytics.byDay(days.from, days.to);
      return json({ ...days, items: items.map((item) => ({ day: item.day, ...activityJson(item) })) });
    },
  }),
];
