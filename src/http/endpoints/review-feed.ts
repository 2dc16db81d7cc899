// Streams changes of reviews as server-sent events.
import { z } from 'zod';
import type { FeedEvent } from '../../reviews/review-feed.ts';
import type { Review } from '../../domain/review.ts';
import { EVENTS_TYPE, eventStream, FIRST_FRAME, framesOfEvent, HEARTBEAT, SharedJson } from '../event-stream.ts';
import { operation, type Operation } from '../operation.ts';
import { listedReviewJson } from './review-json.ts';
import type { Services } from '../services.ts';

async function* framesOf(events: AsyncIterable<FeedEvent>, bytes: SharedJson<Review>): AsyncGenerator<string | Buffer> {
  yield FIRST_FRAME;
  for await (const event of events) {
    if (event.type === 'heartbeat') yield HEARTBEAT;
    // An id without data is not an event, but sets the position from which the client resumes.
    else if (event.type === 'position') yield `id: ${event.position}\n\n`;
    else yield* framesOfEvent('review', String(event.position), bytes.of(event.review));
  }
}

const eventId = z
  .string()
  .regex(/^\d{0,15}$/, { error: 'must be the id of an event of this stream' })
  .optional();

/** Operations that stream reviews. */
export const reviewFeedOperations = (
  { reviewFeed }: Pick<Services, 'reviewFeed'>,
  bytes = new SharedJson(listedReviewJson),
): Operation[] => [
  operation({
    id: 'followReviews',
    method: 'GET',
    path: '/reviews/events',
    tag: 'Reviews',
    summary: 'Stream the events of all reviews',
    description: [
      'Server-sent events. `review`: a review as in `GET /reviews`, sent when it is requested, claimed, released or ends.',
      'The event contains the review as it is when the event is sent. Events of one review are sent in order; a later event replaces an earlier one.',
      'Every event has an id. With `Last-Event-ID`, any server resumes the stream after that event at any time, without gap or repeat.',
      'Without it, the stream starts with the events of the last minute, so that a client that first lists the reviews and then opens the stream misses no event.',
      'There is no event when a claim expires (see `claimed_until`). Comments are heartbeats. The stream ends when the credential of the caller expires.',
    ].join(' '),
    access: { resource: 'reviews', owner: 'none' },
    query: z.strictObject({
      last_event_id: eventId.meta({
        description: 'For clients that cannot send the `Last-Event-ID` header. The header takes precedence.',
      }),
    }),
    headers: z.object({ 'last-event-id': eventId.meta({ description: 'The id of the last received event.' }) }),
    answers: { 200: { description: 'The stream of events.', type: EVENTS_TYPE } },
    problems: ['database_unavailable'],
    async handle({ query, headers }, context) {
      const lastId = headers['last-event-id'] || query.last_event_id;
      const from = await reviewFeed.positionOf(lastId ? Number(lastId) : null);
      const frames = framesOf(reviewFeed.follow(from, context.signal()), bytes);
      return eventStream(frames);
    },
  }),
];
