// POST /chat: accepts a turn durably before it responds.
import { z } from 'zod';
import {
  assistantNamed,
  OWN_NAME,
  type Assistant,
  type Assistants,
  type AssistantSource,
} from '../../domain/assistants/assistant.ts';
import { Unavailable } from '../../domain/errors.ts';
import { newId } from '../../domain/ids.ts';
import { hashRequest, type NewTurn } from '../../domain/accept.ts';
import { BUSY_RULE_NAMES, BUSY_RULES } from '../../domain/busy-rules.ts';
import { MESSAGE_LIMITS } from '../../domain/limits.ts';
import { isFinal, type Metadata, type Turn } from '../../domain/turn.ts';
import { isRateLimited } from '../auth/access.ts';
import { idempotencyKey, preferredWait } from '../header-fields.ts';
import { json, operation, type Operation, type RequestContext } from '../operation.ts';
import { invalidRequest } from '../problem.ts';
import { COMPONENTS, sessionId, storableText, tag, userId } from '../schemas.ts';
import type { Services } from '../services.ts';
import { acceptedTurn, notErased, notFollowed } from '../turn-access.ts';
import { linkTo, replyOf, turnJson, turnSchema } from './turn-json.ts';

const METADATA_DEPTH = 8;
const { textCharacters: TEXT_CHARACTERS, tags: TAGS, metadataBytes: METADATA_BYTES } = MESSAGE_LIMITS;

function isDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

const metadata = z
  .looseObject({ session_id: sessionId.optional() })
  .check(({ value, issues }) => {
    // The depth is checked first, because JSON.stringify recurses and could overflow the stack.
    if (isDeeper(value, METADATA_DEPTH)) {
      issues.push({ code: 'custom', message: `must not be nested deeper than ${METADATA_DEPTH} levels`, input: value });
    } else if (Buffer.byteLength(JSON.stringify(value)) > METADATA_BYTES) {
      issues.push({ code: 'custom', message: `must have at most ${METADATA_BYTES} bytes as JSON`, input: value });
    }
  })
  .meta({
    description: `Any object of at most ${METADATA_BYTES} bytes and ${METADATA_DEPTH} levels. Numbers that do not fit into 64 bits unchanged, such as identifiers beyond 2^53, are rejected: send them as strings. Without \`session_id\` a new session starts.`,
  });

const busyRules = BUSY_RULE_NAMES.map((name) => `\`${name}\`: ${BUSY_RULES[name].means}.`).join(' ');

const chatRequest = z
  .strictObject({
    user_id: userId,
    text: storableText(1, TEXT_CHARACTERS).meta({
      description: 'The message of the user.',
      examples: ['Hi, I need help'],
    }),
    metadata: metadata.optional(),
    tags: z.array(tag).max(TAGS).optional(),
    follows: z
      .uuid()
      .transform((id) => id.toLowerCase())
      .nullish()
      .meta({
        description:
          'The delivered turn of the session after which this one continues; null: the session’s start. Without it, the turn continues the newest branch of the session.',
      }),
    assistant: z
      .string()
      .nullish()
      .meta({
        description: `The name of an assistant. Without it, or with \`${OWN_NAME}\`, the default assistant answers.`,
        examples: ['support'],
      }),
    on_busy: z
      .enum(BUSY_RULE_NAMES)
      .default('enqueue')
      .meta({ description: `What happens while the user has queued or running turns. ${busyRules}` }),
  })
  .register(COMPONENTS, { id: 'ChatRequest' });

type ChatRequest = z.output<typeof chatRequest>;

/** The turn that the message continues must be delivered. The accept checks that it is in the session. */
async function checkFollows(turns: Services['turns'], { follows, user_id: userId }: ChatRequest): Promise<void> {
  if (!follows) return;
  const turn = await turns.find(follows);
  if (turn?.userId !== userId || replyOf(turn) === null) throw notFollowed();
}

/** The assistant that answers. @throws Problem invalid_request */
function assistantOf({ assistant: name }: ChatRequest, assistants: Assistants): Assistant {
  const assistant = assistantNamed(assistants, name ?? OWN_NAME);
  if (assistant) return assistant;
  const detail = `must be one of ${[...assistants.byName.keys()].join(', ')}`;
  throw invalidRequest([{ pointer: '/assistant', detail }]);
}

function newTurn(
  body: ChatRequest,
  assistant: Assistant,
  key: string | null,
  { identity, sentBody }: RequestContext,
): NewTurn {
  const session = body.metadata?.session_id ?? newId();
  const stored: Metadata = { ...body.metadata, session_id: session };
  return {
    userId: body.user_id,
    text: body.text,
    metadata: stored,
    sessionId: session,
    tags: body.tags ?? [],
    assistant: assistant.name,
    clientInstructions: null,
    onBusy: body.on_busy,
    continues: body.follows === undefined ? undefined : { follows: body.follows, shown: null },
    idempotencyKey: key,
    isRateLimited: isRateLimited(identity),
    requestHash: hashRequest(sentBody),
  };
}

/** Waits until the turn is settled. The turn is already durable: if the database is unavailable, returns it as it was
 *  accepted. @throws Problem turn_not_found */
async function afterWaiting(
  turns: Services['turns'],
  turn: Turn,
  waitS: number,
  context: RequestContext,
): Promise<Turn> {
  try {
    return notErased(await turns.waitUntilSettled(turn, { timeoutMs: waitS * 1000, signal: context.signal() }));
  } catch (error) {
    if (error instanceof Unavailable) return turn;
    throw error;
  }
}

const LOCATION = {
  Location: 'The path of the turn.',
  'Preference-Applied': 'The applied `wait`, if the request has one.',
};

/** POST /chat. */
export const chatOperations = (turns: Services['turns'], assistants: AssistantSource): Operation[] => [
  operation({
    id: 'postChat',
    method: 'POST',
    path: '/chat',
    tag: 'Chat',
    summary: 'Create a turn',
    description:
      'Accepts one message of a user. The turn is durable before the response is sent. The turns of a user run one at a time, in the order in which they were accepted. ' +
      'A repeated request with the same Idempotency-Key has no effect, regardless of `on_busy`: it does not cancel or merge turns. ' +
      'A caller with the role `user` may only create turns of that user.',
    access: { resource: 'chat', owner: 'body' },
    headers: z.object({ 'idempotency-key': idempotencyKey.optional(), prefer: preferredWait.optional() }),
    body: chatRequest,
    example: { user_id: 'alice', text: 'Hi, I need help' },
    answers: {
      200: {
        description: 'The turn became final within `wait`, or a repeated request found a final turn.',
        schema: turnSchema,
        headers: LOCATION,
      },
      202: {
        description: 'The turn is accepted. With `merge` it may be an earlier queued turn.',
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
      'rate_limited',
      'budget_exhausted',
      'user_queue_full',
      'queue_full',
      'database_unavailable',
    ],
    async handle({ headers, body }, context) {
      const assistant = assistantOf(body, assistants.current);
      await checkFollows(turns, body);
      const key = headers['idempotency-key'] ?? null;
      const outcome = await turns.accept(newTurn(body, assistant, key, context));
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
