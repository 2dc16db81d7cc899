// POST /chat: a turn is accepted, and waited for where the client prefers that.
import { z } from 'zod';
import { newId } from '../ids.ts';
import { hashRequest, type AcceptOutcome } from '../turns/accept.ts';
import { isFinal, type Turn } from '../turns/turn.ts';
import { tag, userId, uuid } from './fields.ts';
import { operation, type Answer, type Operation } from './operation.ts';
import { Problem } from './problem.ts';
import type { TurnService } from './services.ts';
import { turnSchema, turnView } from './turn-view.ts';

const TEXT_MAX = 32_000;
const METADATA_MAX_BYTES = 4_096;
const KEY_MAX = 255;
const ON_BUSY = ['enqueue', 'reject', 'interrupt', 'rollback', 'merge'] as const;

const metadata = z
  .looseObject({ session_id: uuid.optional(), timestamp: z.string().optional() }, { error: 'must be an object' })
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= METADATA_MAX_BYTES, {
    error: `must be at most ${METADATA_MAX_BYTES} bytes of JSON`,
  });

const chatBody = z
  .strictObject(
    {
      user_id: userId,
      text: z
        .string({ error: 'must be a string' })
        .min(1, { error: 'must not be empty' })
        .max(TEXT_MAX, { error: `must be at most ${TEXT_MAX} characters` }),
      metadata: metadata.optional(),
      tags: z.array(tag, { error: 'must be an array' }).max(16, { error: 'must be at most 16 tags' }).default([]),
      on_busy: z.enum(ON_BUSY, { error: `must be one of ${ON_BUSY.join(', ')}` }).default('enqueue'),
    },
    { error: (issue) => (issue.code === 'invalid_type' ? 'must be an object' : undefined) },
  )
  .meta({ id: 'ChatRequest' });

/** The draft's quoted form, or bare. */
const idempotencyKey = z
  .string()
  .transform((value) => /^"(.*)"$/.exec(value)?.[1] ?? value)
  .pipe(
    z
      .string()
      .min(1, { error: 'must not be empty' })
      .max(KEY_MAX, { error: `must be at most ${KEY_MAX} characters` }),
  );

/** `wait=N` among the preferences; others are ignored, as RFC 7240 asks. */
const prefer = z.string().transform((value, context): number | undefined => {
  const wait = /(?:^|[,;\s])wait\s*=\s*"?([^",;\s]*)/i.exec(value)?.[1];
  if (wait === undefined) return undefined;
  if (/^\d{1,3}$/.test(wait) && Number(wait) <= 60) return Number(wait);
  context.addIssue({ code: 'custom', message: 'wait must be a whole number of seconds from 0 to 60' });
  return z.NEVER;
});

const chatHeaders = z.object({ 'idempotency-key': idempotencyKey.optional(), prefer: prefer.optional() });

/** The accepted turn, or the problem the outcome stands for. */
function turnOf(outcome: AcceptOutcome): Turn {
  switch (outcome.outcome) {
    case 'accepted':
    case 'repeated':
      return outcome.turn;
    case 'key_reused':
      throw new Problem(
        'idempotency_key_reused',
        'This Idempotency-Key came with another body before; use a new key for a new message.',
      );
    case 'foreign_session':
      throw new Problem('session_not_found', 'The session does not exist, or it is not of this user.');
    case 'queue_full': {
      const headers = { 'retry-after': String(outcome.retryAfterS) };
      if (outcome.scope === 'user')
        throw new Problem('user_queue_full', 'This user has as many waiting turns as are allowed.', { headers });
      throw new Problem('queue_full', 'As many turns wait as are allowed.', { headers });
    }
  }
}

function answerOf(turn: Turn, waitedS: number | undefined): Answer {
  const preference = waitedS === undefined ? {} : { 'preference-applied': `wait=${waitedS}` };
  return {
    status: isFinal(turn.status) ? 200 : 202,
    body: turnView(turn),
    headers: { location: `/turns/${turn.turnId}`, ...preference },
  };
}

export const chatOperations = (turns: TurnService): Operation[] => [
  operation({
    id: 'postChat',
    method: 'post',
    path: '/chat',
    tag: 'Turns',
    summary: 'Accept a message as a turn of its user. Durable before 202.',
    access: { kind: 'turns', owner: 'body' },
    headers: chatHeaders,
    body: chatBody,
    example: { user_id: 'alice', text: 'Hello, I like tea.', tags: ['greeting'] },
    answers: {
      202: { description: 'Accepted; follow Location.', schema: turnSchema },
      200: {
        description: 'The final turn: `Prefer: wait` saw its end, or the key was used before.',
        schema: turnSchema,
      },
    },
    problems: [
      'session_not_found',
      'idempotency_key_reused',
      'user_queue_full',
      'queue_full',
      'not_implemented',
      'database_unavailable',
    ],
    async handle({ body, headers, sent, signal }) {
      if (body.on_busy !== 'enqueue')
        throw new Problem('not_implemented', `on_busy "${body.on_busy}" is not available yet; use enqueue.`);
      const sessionId = body.metadata?.session_id ?? newId();
      const outcome = await turns.accept({
        userId: body.user_id,
        text: body.text,
        metadata: { timestamp: new Date().toISOString(), ...body.metadata, session_id: sessionId },
        sessionId,
        tags: body.tags,
        idempotencyKey: headers['idempotency-key'] ?? null,
        requestHash: hashRequest(sent),
      });
      const turn = turnOf(outcome);
      const waitS = headers.prefer;
      return answerOf(
        waitS && !isFinal(turn.status) ? await turns.waitForRest(turn, { timeoutMs: waitS * 1000, signal }) : turn,
        waitS,
      );
    },
  }),
];
