// Decisions that come over pub/sub: handed on to the topic `review-decisions`, where they are as good as any other.
import { createHash } from 'node:crypto';
import type { Log } from '../telemetry/log.ts';
import { bareDecision, reviewDecided } from '../domain/decision-events.ts';
import { asCloudEvent, cloudEvent, dataOf, type CloudEvent } from '../domain/events.ts';
import type { Queues } from './queues.ts';

const TOPIC = 'review-decisions';
/** What Dapr calls an event whose publisher gave data only. */
const UNTYPED = 'com.dapr.event.sent';
/** What is wrong is kept for people to look at, as far as it is truncated. */
const KEPT_CHARACTERS = 20_000;

/** The event as the topic carries it; null: it is not a decision. */
function decisionIn(message: unknown): object | null {
  if (bareDecision(message)) return message as object;
  const event = asCloudEvent(message);
  if (!event) return null;
  const typed = event.type === UNTYPED ? typedAsDecision(event) : event;
  return dataOf(TOPIC, reviewDecided, typed) === null ? null : typed;
}

const typedAsDecision = ({ id, source, subject, time, data }: CloudEvent): CloudEvent => ({
  ...cloudEvent({ topic: TOPIC, id, userId: subject ?? 'unknown', data: data as object }),
  source,
  ...(time !== undefined && { time }),
});

/** The same for every delivery of an event. Ids are only unique together with their source, and BullMQ takes no colon. */
function jobIdOf(message: unknown): string {
  const event = asCloudEvent(message);
  const identity = event ? [event.source, event.id] : message;
  return `edge-${createHash('sha256').update(JSON.stringify(identity)).digest('hex')}`;
}

/** Hands a message over; `ignored`: it is no decision, which the topic's consumer logs, counts and keeps. Safe to
 *  repeat. Rejects while Redis is away. */
export const pubsubDecisions =
  (queues: Queues, log: Log) =>
  async (message: unknown): Promise<'taken' | 'ignored'> => {
    const decision = decisionIn(message);
    const jobId = jobIdOf(message);
    await queues.handOverDecision(jobId, decision ?? truncated(message));
    log.debug({ job: jobId, taken: decision !== null }, 'A message of pub/sub was handed over.');
    return decision ? 'taken' : 'ignored';
  };

function truncated(message: unknown): unknown {
  const text = JSON.stringify(message);
  return text.length <= KEPT_CHARACTERS ? message : { cut: text.slice(0, KEPT_CHARACTERS) };
}
