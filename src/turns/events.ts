// The events of turns: what goes into the outbox with a commit, and the CloudEvents 1.0 envelope around it.
import { z } from 'zod';
import { newId } from '../ids.ts';
import { traceparent } from '../tracing.ts';

/** Topics with an event that the outbox carries. */
export const OUTBOX_TYPES = {
  conversations: 'ConversationUpdated',
  messages: 'MessageSent',
  'human-review': 'HumanReviewRequired',
} as const;
export type OutboxTopic = keyof typeof OUTBOX_TYPES;

/** Every topic and the type of its event. */
export const TOPIC_TYPES = {
  'chat-requests': 'ChatRequested',
  ...OUTBOX_TYPES,
  'review-decisions': 'ReviewDecided',
} as const;
export type Topic = keyof typeof TOPIC_TYPES;

export const chatRequested = z.object({ turn_id: z.uuid(), user_id: z.string() });

export const conversationUpdated = z.object({
  turn_id: z.uuid(),
  user_id: z.string(),
  session_id: z.uuid(),
  user_message: z.string(),
  assistant_reply: z.string(),
});

export const messageSent = z.object({ turn_id: z.uuid(), user_id: z.string(), session_id: z.uuid() });

/** An event that is committed with what it tells of. */
export interface OutboxEvent {
  /** Stable: every delivery of the event carries it. */
  readonly eventId: string;
  readonly topic: OutboxTopic;
  readonly userId: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Where it stands in the trace of its turn; null: that is not traced. */
  readonly traceparent: string | null;
  /** Absent: just now. */
  readonly committedAt?: Date;
}

/** The events of a delivered turn. */
export function deliveryEvents(
  { turnId, userId, sessionId, text }: { turnId: string; userId: string; sessionId: string; text: string },
  reply: string,
): OutboxEvent[] {
  const ids = { turn_id: turnId, user_id: userId, session_id: sessionId };
  const place = { traceparent: traceparent() };
  return [
    {
      eventId: newId(),
      topic: 'conversations',
      userId,
      data: { ...ids, user_message: text, assistant_reply: reply },
      ...place,
    },
    { eventId: newId(), topic: 'messages', userId, data: ids, ...place },
  ];
}

const SOURCE = '/turnkeeper';

const envelope = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  subject: z.string().optional(),
  time: z.string().optional(),
  /** The extension for distributed tracing. */
  traceparent: z.string().optional(),
  data: z.unknown(),
});

export type CloudEvent = z.infer<typeof envelope>;

/** Wraps `data` for a topic; subject is the user. */
export const cloudEvent = (
  topic: Topic,
  id: string,
  userId: string,
  data: object,
  at = new Date(),
  place: string | null = traceparent(),
): CloudEvent => ({
  specversion: '1.0',
  id,
  source: SOURCE,
  type: TOPIC_TYPES[topic],
  subject: userId,
  time: at.toISOString(),
  ...(place !== null && { traceparent: place }),
  data,
});

export const outboxCloudEvent = (event: OutboxEvent): CloudEvent =>
  cloudEvent(event.topic, event.eventId, event.userId, event.data, event.committedAt, event.traceparent);

/** An event as it came from elsewhere, or null: it is no CloudEvent. */
export const asCloudEvent = (payload: unknown): CloudEvent | null => envelope.safeParse(payload).data ?? null;

/** The data of an event of the topic's type and shape, or null: not ours to retry. */
export function dataOf<T>(topic: Topic, shape: z.ZodType<T>, event: unknown): T | null {
  const known = asCloudEvent(event);
  if (known?.type !== TOPIC_TYPES[topic]) return null;
  const data = shape.safeParse(known.data);
  return data.success ? data.data : null;
}
