// The events of turns: the rows that a commit writes to the outbox, and their CloudEvents 1.0 envelope.
import { z } from 'zod';
import { newId } from './ids.ts';
import type { Turn } from './turn.ts';
import { TOOL_REVIEW_TYPE, TOPIC_TYPES, type OutboxTopic, type Topic } from './topics.ts';

export const chatRequested = z.object({ turn_id: z.uuid(), user_id: z.string() });

export const conversationUpdated = z.object({
  turn_id: z.uuid(),
  user_id: z.string(),
  session_id: z.uuid(),
  user_message: z.string(),
  assistant_reply: z.string(),
});

export const messageSent = z.object({ turn_id: z.uuid(), user_id: z.string(), session_id: z.uuid() });

/** An event that is committed together with the change that it reports. */
export interface OutboxEvent {
  /** Stable: every delivery of the event has this id. */
  readonly eventId: string;
  readonly topic: OutboxTopic;
  readonly userId: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Position of the event in the trace of its turn; null: the turn is not traced. */
  readonly traceparent: string | null;
  /** Missing: now. */
  readonly committedAt?: Date;
}

/** The events of a delivered turn. `traceparent`: their position in the turn's trace. */
export function deliveryEvents(
  { turnId, userId, sessionId, text }: { turnId: string; userId: string; sessionId: string; text: string },
  reply: string,
  traceparent: string | null,
): OutboxEvent[] {
  const ids = { turn_id: turnId, user_id: userId, session_id: sessionId };
  const data = { ...ids, user_message: text, assistant_reply: reply };
  return [
    { eventId: newId(), topic: 'conversations', userId, data, traceparent },
    { eventId: newId(), topic: 'messages', userId, data: ids, traceparent },
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

export interface EventContent {
  readonly topic: Topic;
  readonly id: string;
  /** Becomes the subject of the event. */
  readonly userId: string;
  readonly data: object;
  /** Missing: now. */
  readonly at?: Date | undefined;
  /** Missing or null: the event belongs to no trace. */
  readonly traceparent?: string | null;
}

/** The type of an event. Reviews of calls have their own. */
const typeOf = (topic: Topic, data: object): string =>
  topic === 'human-review' && 'tool_call' in data ? TOOL_REVIEW_TYPE : TOPIC_TYPES[topic];

/** The CloudEvent of a topic. */
export const cloudEvent = ({ topic, id, userId, data, at = new Date(), traceparent }: EventContent): CloudEvent => ({
  specversion: '1.0',
  id,
  source: SOURCE,
  type: typeOf(topic, data),
  subject: userId,
  time: at.toISOString(),
  ...(typeof traceparent === 'string' && { traceparent }),
  data,
});

/** The event that wakes a worker for a turn's user. */
export const chatRequestedEvent = (turnId: string, userId: string, traceparent: string | null): CloudEvent =>
  cloudEvent({ topic: 'chat-requests', id: turnId, userId, data: { turn_id: turnId, user_id: userId }, traceparent });

export const outboxCloudEvent = ({ eventId: id, committedAt: at, ...event }: OutboxEvent): CloudEvent =>
  cloudEvent({ ...event, id, at });

/** A received payload as a CloudEvent; null: it is not a CloudEvent. */
export const asCloudEvent = (payload: unknown): CloudEvent | null => envelope.safeParse(payload).data ?? null;

/** The data of an event; null: the event does not have the topic's type or this shape, so a retry is useless. */
export function dataOf<T>(topic: Topic, shape: z.ZodType<T>, event: unknown): T | null {
  const known = asCloudEvent(event);
  if (known?.type !== TOPIC_TYPES[topic]) return null;
  const data = shape.safeParse(known.data);
  return data.success ? data.data : null;
}

/** Called after a commit. A hook returns at once and never throws: the rows are the source of truth, and polling or the
 *  sweeper finds what a hook could not do. */
export interface Hooks {
  /** The turn was accepted and is queued. */
  turnAccepted(turn: Turn): void;
  /** A worker started the turn. */
  turnStarted(turnId: string): void;
  /** The turn changed: clients that wait for it read it again, and webhooks may be due. `final`: the turn, if it is
   *  final. */
  turnChanged(turnId: string, final?: Turn): void;
  /** The turn was cancelled or erased: its worker stops. */
  turnCancelled(turnId: string): void;
  /** A review was requested, claimed, released or ended: readers of the reviews read them again. */
  reviewChanged(): void;
  /** These events are in the outbox: the relay publishes them. */
  eventsCommitted(events: readonly OutboxEvent[]): void;
  /** A webhook was added, or a delivery was requested by hand: the webhook sender does not wait for its next sweep. */
  webhookAdded(): void;
}

/** A worker started the turn; it changed in another way; or the turn itself, which is final. A final turn is known only
 *  in the process that committed it. */
export type TurnChange = 'started' | 'changed' | Turn;

/** Hints about changed turns. */
export interface TurnHints {
  /** False while hints of other processes cannot arrive. */
  readonly listening: boolean;
  /** Calls `listener` after every change of the turn until the returned function is called. */
  listenTo(turnId: string, listener: (change: TurnChange) => void): () => void;
  /** The turn as this process accepted or delivered it a short time ago. Null: it may have changed since, so its row must
   *  be read. */
  recent(turnId: string): Turn | null;
}

/** The result of publishing events to one destination. */
export interface Published {
  /** Ids of the published events. */
  readonly published: ReadonlySet<string>;
  /** Ids of the events that the destination will never accept. */
  readonly refused: ReadonlySet<string>;
  /** Why the other events were not published; null: there are none. */
  readonly fault: string | null;
}
