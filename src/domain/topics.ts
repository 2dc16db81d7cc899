// The topics: their names, the types of their events, and their statistics for operators.

/** Topics whose events come from the outbox. */
export const OUTBOX_TYPES = {
  conversations: 'ConversationUpdated',
  messages: 'MessageSent',
  'human-review': 'HumanReviewRequired',
} as const;
/** Of the other event of the topic `human-review`: a call awaits review. */
export const TOOL_REVIEW_TYPE = 'ToolReviewRequired';
export type OutboxTopic = keyof typeof OUTBOX_TYPES;
export const OUTBOX_TOPICS = Object.keys(OUTBOX_TYPES) as readonly OutboxTopic[];

/** Every topic and the type of its event. */
export const TOPIC_TYPES = {
  'chat-requests': 'ChatRequested',
  ...OUTBOX_TYPES,
  'review-decisions': 'ReviewDecided',
} as const;
export type Topic = keyof typeof TOPIC_TYPES;

/** The queue of debounced summaries. It is internal, not a topic of the contract. */
export const SUMMARIES = 'summaries';

/** The topics and the internal queue. */
export type QueueName = Topic | typeof SUMMARIES;

export const QUEUE_NAMES: readonly QueueName[] = [...(Object.keys(TOPIC_TYPES) as Topic[]), SUMMARIES];

/** Jobs of one queue by state. */
export type JobCounts = Readonly<Record<'waiting' | 'active' | 'delayed' | 'failed', number>>;

export interface TopicCounts extends JobCounts {
  readonly topic: QueueName;
  /** Age of the oldest waiting job in seconds; null: no job is waiting. */
  readonly oldestWaitingS: number | null;
}

/** An event that failed for good. It stays in its topic until somebody replays or deletes it. */
export interface DeadLetter {
  readonly topic: QueueName;
  readonly jobId: string;
  /** The user the event is about; null if its payload names none. */
  readonly userId: string | null;
  readonly failedAt: Date;
  readonly attempts: number;
  readonly reason: string;
  readonly data: unknown;
}

/** The dead letter after which a page continues. */
export type DeadLetterPosition = Pick<DeadLetter, 'failedAt' | 'topic' | 'jobId'>;
