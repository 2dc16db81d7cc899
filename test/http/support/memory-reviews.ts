// Reviews in memory, for tests of the HTTP layer only: one pending review. All calls succeed.
import type { Services } from '../../../src/http/services.ts';
import { endsReview, type Review } from '../../../src/domain/review.ts';

export const REVIEW_ID = '018f0000-0000-7000-8000-000000000001';

const review: Review = {
  reviewId: REVIEW_ID,
  kind: 'reply',
  turnId: '018f0000-0000-7000-8000-000000000002',
  userId: 'alice',
  sessionId: '3f0f7e3c-2f0a-4d55-9b38-4c7c2a5c3a11',
  seq: 1,
  status: 'pending',
  reasons: [{ rule: 'keyword', detail: 'The message contains “urgent”.' }],
  text: 'This is urgent',
  assistant: 'turnkeeper',
  draft: 'echo: This is urgent',
  revision: 0,
  drafting: null,
  toolCall: null,
  finishReason: 'stop',
  claimedBy: null,
  claimedUntil: null,
  deadline: new Date('2026-01-02T00:00:00Z'),
  overdue: false,
  decision: null,
  reply: null,
  decidedValue: null,
  note: null,
  decidedBy: null,
  decidedAt: null,
  createdAt: new Date('2026-01-01T00:00:00Z'),
  stale: false,
  traceparent: null,
};

/** A feed that ends after one event. */
export const memoryFeed: Services['reviewFeed'] = {
  positionOf: async (seen) => seen ?? 0,
  follow: async function* (from) {
    yield { type: 'position', position: from };
    yield { type: 'review', position: from + 1, review };
  },
};

/** One pending review of alice. */
export const memoryReviews = (): Services['reviews'] => ({
  find: async (id) => (id === REVIEW_ID ? review : null),
  list: async () => [review],
  history: async () => [],
  pictures: async () => [],
  events: async () => [
    {
      at: review.createdAt,
      who: null,
      what: 'requested',
      reasons: review.reasons,
      original: review.draft,
      edit: null,
      note: null,
    },
  ],
  claim: async (_id, by) => ({ outcome: 'claimed', review: { ...review, claimedBy: by } }),
  release: async () => true,
  ofUser: async () => [review],
  decide: async (_id, decided) => ({
    outcome: 'already_applied',
    review: endsReview(decided)
      ? {
          ...review,
          status: 'approved',
          decision: decided.decision,
          decidedBy: decided.decidedBy,
          decidedAt: review.createdAt,
        }
      : review,
  }),
});
