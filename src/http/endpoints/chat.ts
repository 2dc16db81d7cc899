// POST /chat: a turn is accepted, durably, before it is answered.
import { z } from 'zod';
import { Unavailable } from '../../domain/errors.ts';
import { newId } from '../../domain/ids.ts';
import { hashRequest, type AcceptOutcome, type NewTurn } from '../../domain/accept.ts';
import { BUSY_RULE_NAMES, BUSY_RULES } from '../../domain/busy-rules.ts';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { isFinal, type Metadata, type Turn } from '../../domain/turn.ts';
import { idempotencyKey, preferredWait } from '../header-fields.ts';
import { json, operation, type Operation, type RequestContext } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMPONENTS, sessionId, storableText, tag, userId } from '../schemas.ts';
import type { Services } from '../services.ts';
import { linkTo, turnJson, turnSchema } from './turn-json.ts';
import { stillThere } from './turns.ts';

const METADATA_DEPTH = 8;
const { textCharacters: TEXT_CHARACTERS, tags: TAGS, metadataBytes: METADATA_BYTES } = MESSAGE_LIMITS;

function isDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

const metadata = z
  .looseObject({ session_id: sessionId.optional() })
  .check(({ value, issues }) => {
    // Depth first: what is too deep cannot be measured by recursion.
    if (isDeeper(value, METADATA_DEPTH)) {
      issues.push({ code: 'custom', message: `must not be nested deeper than ${METADATA_DEPTH} levels`, input: value });
    } else if (Buffer.byteLength(JSON.stringify(value)) > METADATA_BYTES) {
      issues.push({ code: 'custom', message: `must have at most ${METADATA_BYTES} bytes as JSON`, input: value });
    }
  })
  .meta({
    description: `Any object of at most ${METADATA_BYTES} bytes and ${METADATA_DEPTH} levels. Without a session_id a new session begins.`,
  });

const busyRules = BUSY_RULE_NAMES.map((name) => `\`${name}\`: ${BUSY_RULES[name].means}.`).join(' ');

const chatRequest = z
  .strictObject({
    user_id: userId,
    text: storableText(1, TEXT_CHARACTERS).meta({ description: 'What the user said.', examples: ['Hi, I need help'] }),
    metadata: metadata.optional(),
    tags: z.array(tag).max(TAGS).optional(),
    on_busy: z
      .enum(BUSY_RULE_NAMES)
      .default('enqueue')
      .meta({ description: `What happens while this user has unfinished turns. ${busyRules}` }),
  })
  .register(COMPONENTS, { id: 'ChatRequest' });

type ChatRequest = z.output<typeof chatRequest>;

function newTurn(body: ChatRequest, key: string | null, sentBody: unknown): NewTurn {
  const session = body.metadata?.session_id ?? newId();
  const stored: Metadata = { ...body.metadata, session_id: session };
  return {
    userId: body.user_id,
    text: body.text,
    metadata: stored,
    sessionId: session,
    tags: body.tags ?? [],
    onBusy: body.on_busy,
    idempotencyKey: key,
    requestHash: hashRequest(sentBody),
  };
}

/** The turn that an accept made or found. @throws Problem where it was refused */
export function acceptedTurn(outcome: AcceptOutcome): Turn {
  switch (outcome.outcome) {
    case 'accepted':
    case 'joined':
    case 'repeated':
      return outcome.turn;
    case 'key_reused':
      throw new Problem('idempotency_key_reused', 'Send a new key with a new body.');
    case 'foreign_session':
      throw new Problem('session_not_found', 'Leave metadata.session_id out to begin a new session.');
    case 'user_busy':
      throw new Problem('user_busy', 'Wait until this user’s turns have ended, or choose another on_busy.');
    case 'being_erased':
      throw new Problem('user_being_erased', 'What comes now would be erased too.', {
        headers: { 'retry-after': String(outcome.retryAfterS) },
      });
    case 'queue_full': {
      const headers = { 'retry-after': String(Math.ceil(outcome.retryAfterS)) };
      throw outcome.scope === 'user'
        ? new Problem('user_queue_full', 'Wait until some of this user’s turns are answered.', { headers })
        : new Problem('queue_full', 'Please try again later.', { headers });
    }
  }
}

/** The turn is safe: if it cannot be watched, the client is told of it as it was accepted. */
async function afterWaiting(
  turns: Services['turns'],
  turn: Turn,
  waitS: number,
  context: RequestContext,
): Promise<Turn> {
  try {
    return stillThere(await turns.waitUntilSettled(turn, { timeoutMs: waitS * 1000, signal: context.signal() }));
  } catch (error) {
    if (error instanceof Unavailable) return turn;
    throw error;
  }
}

const LOCATION = {
  Location: 'Where the turn is.',
  'Preference-Applied': 'The `wait` that was granted, if one was asked for.',
};

/** POST /chat. */
export const chatOperations = (turns: Services['turns']): Operation[] => [
  operation({
    id: 'postChat',
    method: 'POST',
    path: '/chat',
    tag: 'Chat',
    summary: 'Say something',
    description:
      'Accepts one message of a user. The turn is durable before it is answered; turns of a user are answered one at a time, in the order they were accepted. ' +
      'A repeated request with the same Idempotency-Key does nothing a second time, whatever its on_busy: it cancels nothing and joins nothing. ' +
      'A key of one user may only speak as that user.',
    access: { thing: 'chat', owner: 'body' },
    headers: z.object({ 'idempotency-key': idempotencyKey.optional(), prefer: preferredWait.optional() }),
    body: chatRequest,
    example: { user_id: 'alice', text: 'Hi, I need help' },
    answers: {
      200: {
        description: '`wait` saw the end of the turn, or the repeated turn is final.',
        schema: turnSchema,
        headers: LOCATION,
      },
      202: {
        description: 'Accepted; with `merge` perhaps as part of a turn that waited.',
        schema: turnSchema,
        headers: LOCATION,
      },
    },
    problems: [
      'turn_not_found',
      'session_not_found',
      'idempotency_key_reused',
      'user_busy',
      'user_being_erased',
      'user_queue_full',
      'queue_full',
      'database_unavailable',
    ],
    async handle({ headers, body }, context) {
      const outcome = await turns.accept(newTurn(body, headers['idempotency-key'] ?? null, context.sentBody));
      let turn = acceptedTurn(outcome);
      const waitS = headers.prefer ?? null;
      if (waitS && !isFinal(turn.status)) turn = await afterWaiting(turns, turn, waitS, context);
      return json(turnJson(turn), isFinal(turn.status) ? 200 : 202, {
        location: linkTo(turn.turnId),
        ...(waitS !== null && { 'preference-applied': `wait=${waitS}` }),
      });
    },
  }),
];
