// What happens to reviews, as server-sent events.
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
    // An id without data is no event, but where the client resumes.
    else if (event.type === 'place') yield `id: ${event.position}\n\n`;
    else yield* framesOfEvent('review', String(event.position), bytes.of(event.review));
  }
}

const eventId = z
  .string()
  .regex(/^\d{0,15}$/, { error: 'must be the id of an event of this stream' })
  .optional();

/** Watching the reviews. */
export const reviewFeedOperations = (
  { reviewFeed }: Pick<Services, 'reviewFeed'>,
  bytes = new SharedJson(listedReviewJson),
): Operation[] => [
  operation({
    id: 'followReviews',
    method: 'GET',
    path: '/reviews/events',
    tag: 'Reviews',
    summary: 'Watch the reviews as server-sent events',
    description: [
      '`review`: a review as `GET /reviews` lists it, whenever one is requested, claimed, given back, or ends.',
      'It is the review as it is when the event is sent; events of one review come in order, and a later one replaces an earlier one.',
      'Every event has an id; with `Last-Event-ID` the events after it follow, without gap or repeat, at any server and at any time.',
      'Without it the stream begins with what happened in the last minute, so that a client that lists first and follows then misses nothing.',
      'A claim that lapses is no event (see `claimed_until`). Comments are heartbeats. The stream ends when the sign-in lapses.',
    ].join(' '),
    access: { thing: 'reviews', owner: 'nobody' },
    query: z.strictObject({
      last_event_id: eventId.meta({ description: 'For clients that cannot send the header, which counts first.' }),
    }),
    headers: z.object({ 'last-event-id': eventId.meta({ description: 'The last event that was seen.' }) }),
    answers: { 200: { description: 'The events, as they happen.', type: EVENTS_TYPE } },
    problems: ['database_unavailable'],
    async handle({ query, headers }, context) {
      const seen = headers['last-event-id'] || query.last_event_id;
      const from = await reviewFeed.positionOf(seen ? Number(seen) : null);
      const frames = framesOf(reviewFeed.follow(from, context.signal()), bytes);
      return eventStream(frames);
    },
  }),
];
