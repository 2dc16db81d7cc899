// Reviews: a reviewer approves, edits or rejects a draft before the user sees it, or asks for a new one.
import { z } from 'zod';
import type { AssistantSource } from '../../domain/assistants/assistant.ts';
import { isUuid } from '../../domain/limits.ts';
import { MAX_REVISIONS, REVIEW_KINDS, REVIEW_STATUSES, type Review } from '../../domain/review.ts';
import { page, reviewCursor } from '../cursor.ts';
import { json, operation, type Answer, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import {
  listedReviewJson,
  reviewEvents,
  reviewEventsJson,
  reviewJson,
  reviewPage,
  reviewSchema,
} from './review-json.ts';
import { checkAgainst, decisionOf, decisionRequest } from './review-decision.ts';
import { limit, moment, storableText, userId } from '../schemas.ts';
import type { Services } from '../services.ts';

const params = z.strictObject({
  // Any string: an id that is not a UUID is answered 404, not 400.
  review_id: storableText(1, 200).meta({ format: 'uuid' }),
});

/** The name of a key, or the subject of a token. */
const callerName = storableText(1, 200);

const notFound = () => new Problem('review_not_found', 'No review has this id.');

/** The id as it is stored. @throws Problem review_not_found */
function idOf(path: { review_id: string }): string {
  if (!isUuid(path.review_id)) throw notFound();
  return path.review_id.toLowerCase();
}

function alreadyDecided(review: Review): Problem {
  const { reviewId, status, decision, decidedBy, decidedAt } = review;
  const by = decidedBy === null ? '' : ` by ${decidedBy}`;
  return new Problem('already_decided', `The review was ${status}${by}.`, {
    members: {
      applied: {
        review_id: reviewId,
        status,
        decision,
        reply: review.reply,
        decided_by: decidedBy,
        decided_at: decidedAt?.toISOString() ?? null,
      },
    },
  });
}

const expired = ({ deadline }: Review) =>
  new Problem('review_expired', `The deadline was ${deadline.toISOString()}. The review cannot be decided any more.`);

const ofReviews = {
  tag: 'Reviews',
  access: { resource: 'reviews', owner: 'none' },
} as const;

/** Operations that list, retrieve, claim and decide reviews. */
export function reviewOperations(reviews: Services['reviews'], assistants: AssistantSource): Operation[] {
  const reviewAnswer = async (review: Review, status = 200): Promise<Answer> => {
    const [history, pictures] = await Promise.all([reviews.history(review), reviews.pictures(review)]);
    return json(reviewJson(review, { history, pictures }), status);
  };
  return [
    operation({
      ...ofReviews,
      id: 'listReviews',
      method: 'GET',
      path: '/reviews',
      summary: 'List reviews, earliest deadline first',
      query: z.strictObject({
        status: z.enum(REVIEW_STATUSES).optional(),
        kind: z.enum(REVIEW_KINDS).optional(),
        assistant: storableText(1, 200).optional(),
        user_id: userId.optional(),
        rule: storableText(1, 200).optional().meta({ description: 'Only reviews that this rule required.' }),
        claimed_by: callerName.optional().meta({ description: 'Only reviews that this caller has claimed.' }),
        decided_by: callerName.optional(),
        decided_since: moment.optional().meta({ description: 'Only reviews decided at or after this time.' }),
        limit,
        cursor: reviewCursor.schema.optional(),
      }),
      answers: { 200: { description: 'A page of reviews.', schema: reviewPage } },
      problems: ['database_unavailable'],
      async handle({ query }) {
        const rows = await reviews.list({
          status: query.status,
          kind: query.kind,
          assistant: query.assistant,
          userId: query.user_id,
          rule: query.rule,
          claimedBy: query.claimed_by,
          decidedBy: query.decided_by,
          decidedSince: query.decided_since,
          after: query.cursor,
          limit: query.limit + 1,
        });
        const { items, next } = page(rows, query.limit, (last) => reviewCursor.write(last));
        return json({ items: items.map(listedReviewJson), next_cursor: next });
      },
    }),
    operation({
      ...ofReviews,
      id: 'getReview',
      method: 'GET',
      path: '/reviews/{review_id}',
      summary: 'Retrieve a review',
      params,
      answers: {
        200: { description: 'The review with its draft and the latest messages of the session.', schema: reviewSchema },
      },
      problems: ['review_not_found', 'database_unavailable'],
      async handle({ path }) {
        const review = await reviews.find(idOf(path));
        if (!review) throw notFound();
        return reviewAnswer(review);
      },
    }),
    operation({
      ...ofReviews,
      id: 'listReviewEvents',
      method: 'GET',
      path: '/reviews/{review_id}/events',
      summary: 'List the audit trail of a review, oldest first',
      description:
        'Each event has the time, the reviewer and the action, with the draft, the edit and the note. Events are never changed.',
      params,
      answers: { 200: { description: 'The audit trail.', schema: reviewEvents } },
      problems: ['review_not_found', 'database_unavailable'],
      async handle({ path }) {
        const events = await reviews.events(idOf(path));
        if (events.length === 0) throw notFound();
        return json(reviewEventsJson(events));
      },
    }),
    operation({
      ...ofReviews,
      id: 'claimReview',
      method: 'POST',
      path: '/reviews/{review_id}/claim',
      summary: 'Claim a review',
      description:
        'A claim is a lease that shows other reviewers who works on the review. Claiming again renews the lease. A claim does not block decisions: the first decision wins, also if another reviewer makes it.',
      params,
      answers: { 200: { description: 'The review, claimed until `claimed_until`.', schema: reviewSchema } },
      problems: ['review_not_found', 'claimed_by_other', 'already_decided', 'review_expired', 'database_unavailable'],
      async handle({ path }, { identity }) {
        const reply = await reviews.claim(idOf(path), identity.name);
        switch (reply.outcome) {
          case 'unknown':
            throw notFound();
          case 'claimed':
            return reviewAnswer(reply.review);
          case 'claimed_by_other':
            throw new Problem(
              'claimed_by_other',
              `${reply.review.claimedBy ?? 'Another reviewer'} has claimed the review.`,
            );
          case 'ended':
            throw alreadyDecided(reply.review);
          case 'late':
            throw expired(reply.review);
        }
      },
    }),
    operation({
      ...ofReviews,
      id: 'releaseReview',
      method: 'DELETE',
      path: '/reviews/{review_id}/claim',
      summary: 'Release a claimed review',
      params,
      answers: { 204: { description: 'The caller has no claim on the review.' } },
      problems: ['review_not_found', 'database_unavailable'],
      async handle({ path }, { identity }) {
        if (!(await reviews.release(idOf(path), identity.name))) throw notFound();
        return { status: 204 };
      },
    }),
    operation({
      ...ofReviews,
      id: 'decideReview',
      method: 'POST',
      path: '/reviews/{review_id}/decision',
      summary: 'Decide a review',
      description:
        'A reply takes approve, edit, reject and revise; a call of a tool takes approve, edit, reject and respond; a call with an unknown outcome takes respond, reject and retry. The turn of a call continues after the decision. After `revise` the model writes a new draft from the `note`: the review stays pending, `revision` grows, and until then only `reject` is allowed, otherwise 409 `drafting`. A review gets at most five new drafts. An approval without `draft_sha256` is about the draft that the review has when the request arrives. The first decision wins. Repeating the same decision returns 200. A different decision returns 409 with the applied decision in `applied`. After the deadline, 410 is returned. `decided_by` is the authenticated caller.',
      params,
      body: decisionRequest,
      example: { decision: 'approve' },
      answers: {
        200: {
          description: 'The decision is applied. After `revise`: the new draft is being written.',
          schema: reviewSchema,
        },
        202: {
          description: 'The decision was posted, but not applied within 5 s. Retrieve the review again.',
          schema: reviewSchema,
        },
      },
      problems: [
        'review_not_found',
        'already_decided',
        'changed',
        'drafting',
        'revision_limit',
        'review_expired',
        'database_unavailable',
      ],
      async handle({ path, body }, { identity }) {
        const found = await reviews.find(idOf(path));
        if (!found) throw notFound();
        checkAgainst(found, body, assistants.current);
        const answer = await reviews.decide(found, decisionOf(body, identity.name));
        switch (answer.outcome) {
          case 'unknown':
            throw notFound();
          case 'already_applied':
            return reviewAnswer(answer.review);
          case 'queued':
            return reviewAnswer(answer.review, 202);
          case 'conflict':
          case 'not_allowed':
            throw alreadyDecided(answer.review);
          case 'changed':
            throw new Problem('changed', 'The review is not about what the decision names by its hash.');
          case 'drafting':
            throw new Problem(
              'drafting',
              'The model is writing a new draft. Until it is there, only reject is allowed.',
            );
          case 'revision_limit':
            throw new Problem('revision_limit', `The review has got ${MAX_REVISIONS} new drafts.`);
          case 'late':
            throw expired(answer.review);
        }
      },
    }),
  ];
}
