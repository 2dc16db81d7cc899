// How much users write: per user, and over all of them by day.
import { z } from 'zod';
import type { Activity } from '../turns/activity.ts';
import { TURN_STATUSES } from '../turns/turn.ts';
import { ofUser, time, userId } from './fields.ts';
import { operation, type Operation } from './operation.ts';
import type { AnalyticsService } from './services.ts';

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;
const DAYS_MAX = 366;

const activity = z.object({
  message_count: z.int(),
  by_status: z.partialRecord(z.enum(TURN_STATUSES), z.int()),
  reviewed: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  first_at: time,
  last_at: time,
});
const userActivity = activity.extend({ user_id: userId }).meta({ id: 'UserActivity' });
const dailyActivity = z
  .object({ items: z.array(activity.extend({ day: z.iso.date() })) })
  .meta({ id: 'DailyActivity' });
const initializeBody = z
  .strictObject({ message_count: z.int({ error: 'must be a whole number' }).min(0).max(1_000_000_000) })
  .meta({ id: 'AnalyticsInitialize' });
const initialized = z
  .object({ status: z.literal('success'), user_id: userId, message_count: z.int() })
  .meta({ id: 'AnalyticsInitialized' });

const view = (of: Activity) => ({
  message_count: of.messageCount,
  by_status: of.byStatus,
  reviewed: of.reviewed,
  input_tokens: of.inputTokens,
  output_tokens: of.outputTokens,
  first_at: of.firstAt?.toISOString() ?? null,
  last_at: of.lastAt?.toISOString() ?? null,
});

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

const range = z
  .strictObject({
    from: z.iso.date({ error: 'must be a day such as 2026-01-31' }).optional(),
    to: z.iso.date({ error: 'must be a day such as 2026-01-31' }).optional(),
  })
  .transform(({ from, to }) => {
    const last = to ?? dayOf(Date.now());
    return { from: from ?? dayOf(Date.parse(last) - (DEFAULT_DAYS - 1) * DAY_MS), to: last };
  })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) < DAYS_MAX * DAY_MS, {
    error: `must span at most ${DAYS_MAX} days`,
    path: ['from'],
  });

export const analyticsOperations = (analytics: AnalyticsService): Operation[] => [
  operation({
    id: 'initializeAnalytics',
    method: 'post',
    path: '/analytics/{user_id}/initialize',
    tag: 'Analytics',
    summary: 'Set how many messages a user has sent.',
    access: { kind: 'analytics', owner: 'path' },
    params: ofUser,
    query: z.strictObject({}),
    body: initializeBody,
    example: { message_count: 5 },
    answers: { 200: { description: 'Set.', schema: initialized } },
    problems: ['database_unavailable'],
    async handle({ params, body }) {
      await analytics.initialize(params.user_id, body.message_count);
      return { status: 200, body: { status: 'success', user_id: params.user_id, message_count: body.message_count } };
    },
  }),
  operation({
    id: 'getUserAnalytics',
    method: 'get',
    path: '/analytics/{user_id}',
    tag: 'Analytics',
    summary: 'Messages, turns by status and tokens of a user.',
    access: { kind: 'analytics', owner: 'path' },
    params: ofUser,
    query: z.strictObject({}),
    answers: { 200: { description: "The user's activity.", schema: userActivity } },
    problems: ['database_unavailable'],
    async handle({ params }) {
      return { status: 200, body: { user_id: params.user_id, ...view(await analytics.ofUser(params.user_id)) } };
    },
  }),
  operation({
    id: 'getAnalytics',
    method: 'get',
    path: '/analytics',
    tag: 'Analytics',
    summary: `All users by day (UTC), both days included; without days: the last ${DEFAULT_DAYS}.`,
    access: { kind: 'analytics' },
    query: range,
    answers: {
      200: { description: 'Activity by day, oldest first; days without any are left out.', schema: dailyActivity },
    },
    problems: ['database_unavailable'],
    async handle({ query }) {
      const days = await analytics.byDay(query.from, query.to);
      return { status: 200, body: { items: days.map(({ day, ...of }) => ({ day, ...view(of) })) } };
    },
  }),
];
