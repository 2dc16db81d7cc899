// Receives decisions from pub/sub and adds them to the BullMQ topic `review-decisions`, which processes all decisions.
import { createHash } from 'node:crypto';
import type { Log } from '../telemetry/log.ts';
import { bareDecision, reviewDecided } from '../domain/decision-events.ts';
import { asCloudEvent, cloudEvent, dataOf, type CloudEvent } from '../domain/events.ts';
import type { Queues } from './queues.ts';

const TOPIC = 'review-decisions';
/** The type that Dapr gives an event if the publisher sent only data. */
const UNTYPED = 'com.dapr.event.sent';
/** Characters that are kept of an invalid message, which becomes a dead letter. */
const KEPT_CHARACTERS = 20_000;

/** The decision in the format of the topic; null: the message is not a decision. */
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

/** The same id for every delivery of an event. Event ids are unique only together with their source. The hash also
 *  avoids colons, which BullMQ does not allow in job ids. */
function jobIdOf(message: unknown): string {
  const event = asCloudEvent(message);
  const identity = event ? [event.source, event.id] : message;
  return `edge-${createHash('sha256').update(JSON.stringify(identity)).digest('hex')}`;
}

/** Returns the handler for pub/sub messages. Every message becomes a job; `ignored`: it is not a decision, and the
 *  consumer of the topic counts it and keeps it as a dead letter. Idempotent. The handler rejects while Redis is
 *  unavailable. */
export const pubsubDecisions =
  (queues: Queues, log: Log) =>
  async (message: unknown): Promise<'accepted' | 'ignored'> => {
    const decision = decisionIn(message);
    const jobId = jobIdOf(message);
    await queues.addReceivedDecision(jobId, decision ?? truncated(message));
    log.debug({ job: jobId, valid: decision !== null }, 'A pub/sub message was added to its topic.');
    return decision ? 'accepted' : 'ignored';
  };

function truncated(message: unknown): unknown {
  const text = JSON.stringify(message);
  return text.length <= KEPT_CHARACTERS ? message : { cut: text.slice(0, KEPT_CHARACTERS) };
}
