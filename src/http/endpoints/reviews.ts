// Reviews: the desk at which a person approves, edits or rejects a draft before the user sees it.
import { z } from 'zod';
import { isUuid, MESSAGE_LIMITS } from '../../domain/limits.ts';
import { DECISIONS, REVIEW_STATUSES, type Decision, type Review } from '../../domain/review.ts';
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
import { COMPONENTS, limit, moment, storableText, userId } from '../schemas.ts';
import type { Services } from '../services.ts';

const decisionRequest = z
  .strictObject({
    decision: z.enum(DECISIONS),
    reply: storableText(1, MESSAGE_LIMITS.textCharacters)
      .optional()
      .meta({ description: 'With `edit`, and only then: what the user is told instead.' }),
    note: storableText(1, 4_000).optional().meta({ description: 'For the audit trail; the user never sees it.' }),
  })
  .check(({ value, issues }) => {
    const wrong = { true: 'is required to edit', false: 'goes with the decision edit alone' } as const;
    const edits = value.decision === 'edit';
    if (edits !== (value.reply !== undefined))
      issues.push({ code: 'custom', path: ['reply'], message: wrong[`${edits}`], input: value });
  })
  .register(COMPONENTS, { id: 'ReviewDecision' });

const params = z.strictObject({
  // Not a UUID: then it names no review, which is 404 and not 400.
  review_id: storableText(1, 200).meta({ format: 'uuid' }),
});

/** A name, as keys and subjects of tokens have it. */
const who = storableText(1, 200);

const notFound = () => new Problem('review_not_found', 'No review has this id.');

/** The id as it is stored. @throws Problem review_not_found */
function idOf(path: { review_id: string }): string {
  if (!isUuid(path.review_id)) throw notFound();
  return path.review_id.toLowerCase();
}

function decidedAlready(review: Review): Problem {
  const { reviewId, status, decision, decidedBy, decidedAt } = review;
  const by = decidedBy === null ? '' : ` by ${decidedBy}`;
  return new Problem('already_decided', `The review is ${status}${by}.`, {
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
  new Problem('review_expired', `The deadline was ${deadline.toISOString()}; nothing can be decided any more.`);

const reviewThing = {
  tag: 'Reviews',
  access: { thing: 'reviews', owner: 'nobody' },
} as const;

/** Listing, reading, claiming and deciding reviews. */
export function reviewOperations(reviews: Services['reviews']): Operation[] {
  const shown = async (review: Review, status = 200): Promise<Answer> =>
    json(reviewJson(review, await reviews.history(review.sessionId)), status);
  return [
    operation({
      ...reviewThing,
      id: 'listReviews',
      method: 'GET',
      path: '/reviews',
      summary: 'List reviews, oldest deadline first',
      query: z.strictObject({
        status: z.enum(REVIEW_STATUSES).optional(),
        user_id: userId.optional(),
        rule: storableText(1, 200).optional().meta({ description: 'Name of a rule that asked for the review.' }),
        claimed_by: who.optional().meta({ description: 'Who is at it now.' }),
        decided_by: who.optional(),
        decided_since: moment.optional().meta({ description: 'Only what was decided then or later.' }),
        limit,
        cursor: reviewCursor.schema.optional(),
      }),
      answers: { 200: { description: 'One page of reviews.', schema: reviewPage } },
      problems: ['database_unavailable'],
      async handle({ query }) {
        const rows = await reviews.list({
          status: query.status,
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
      ...reviewThing,
      id: 'getReview',
      method: 'GET',
      path: '/reviews/{review_id}',
      summary: 'Read a review, with the draft and the session around it',
      params,
      answers: { 200: { description: 'The review.', schema: reviewSchema } },
      problems: ['review_not_found', 'database_unavailable'],
      async handle({ path }) {
        const review = await reviews.find(idOf(path));
        if (!review) throw notFound();
        return shown(review);
      },
    }),
    operation({
      ...reviewThing,
      id: 'listReviewEvents',
      method: 'GET',
      path: '/reviews/{review_id}/events',
      summary: 'Read the audit trail of a review, oldest first',
      description: 'Who did what and when, with the draft, the edit and the note. Never rewritten.',
      params,
      answers: { 200: { description: 'The trail.', schema: reviewEvents } },
      problems: ['review_not_found', 'database_unavailable'],
      async handle({ path }) {
        const events = await reviews.events(idOf(path));
        if (events.length === 0) throw notFound();
        return json(reviewEventsJson(events));
      },
    }),
    operation({
      ...reviewThing,
      id: 'claimReview',
      method: 'POST',
      path: '/reviews/{review_id}/claim',
      summary: 'Take a review up, for a while',
      description:
        'A lease tells other reviewers that somebody is at it; claiming again renews it. It keeps no decision out: the first decision wins, whoever makes it.',
      params,
      answers: { 200: { description: 'It is yours until `claimed_until`.', schema: reviewSchema } },
      problems: ['review_not_found', 'claimed_by_other', 'already_decided', 'review_expired', 'database_unavailable'],
      async handle({ path }, { identity }) {
        const reply = await reviews.claim(idOf(path), identity.name);
        switch (reply.outcome) {
          case 'unknown':
            throw notFound();
          case 'claimed':
            return shown(reply.review);
          case 'claimed_by_other':
            throw new Problem('claimed_by_other', `${reply.review.claimedBy ?? 'Somebody'} is at it.`);
          case 'ended':
            throw decidedAlready(reply.review);
          case 'late':
            throw expired(reply.review);
        }
      },
    }),
    operation({
      ...reviewThing,
      id: 'releaseReview',
      method: 'DELETE',
      path: '/reviews/{review_id}/claim',
      summary: 'Give a review back',
      params,
      answers: { 204: { description: 'You do not hold it (any more).' } },
      problems: ['review_not_found', 'database_unavailable'],
      async handle({ path }, { identity }) {
        if (!(await reviews.release(idOf(path), identity.name))) throw notFound();
        return { status: 204 };
      },
    }),
    operation({
      ...reviewThing,
      id: 'decideReview',
      method: 'POST',
      path: '/reviews/{review_id}/decision',
      summary: 'Approve, edit or reject a draft',
      description:
        'The first decision wins. The same one again is answered 200; another 409, whose `applied` tells what was decided; after the deadline 410. `decided_by` is who is authenticated.',
      params,
      body: decisionRequest,
      example: { decision: 'approve' },
      answers: {
        200: { description: 'It is decided so.', schema: reviewSchema },
        202: { description: 'Posted, and not applied within 5 s: read the review again.', schema: reviewSchema },
      },
      problems: ['review_not_found', 'already_decided', 'review_expired', 'database_unavailable'],
      async handle({ path, body }, { identity }) {
        const { decision, reply = null, note = null } = body;
        const decided: Decision = { decision, reply, note, decidedBy: identity.name };
        const answer = await reviews.decide(idOf(path), decided);
        switch (answer.outcome) {
          case 'unknown':
            throw notFound();
          case 'holds':
            return shown(answer.review);
          case 'queued':
            return shown(answer.review, 202);
          case 'conflict':
            throw decidedAlready(answer.review);
          case 'late':
            throw expired(answer.review);
        }
      },
    }),
  ];
}
