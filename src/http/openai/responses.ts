// Turns through OpenAI's Responses API.
import { z } from 'zod';
import type { Turn } from '../../domain/turn.ts';
import { EVENTS_TYPE, eventStream } from '../event-stream.ts';
import { idempotencyKey } from '../header-fields.ts';
import { json, operation, type Answer, type Operation, type RequestContext } from '../operation.ts';
import { invalidRequest, Problem } from '../problem.ts';
import { limitUpTo, storableText, wholeNumber } from '../schemas.ts';
import type { Services } from '../services.ts';
import { HISTORY_BYTES } from './chat-completions.ts';
import { responseToolsIn } from './client-tools.ts';
import { resultsFor } from './continued-calls.ts';
import { inputItems, inputItemsOf } from './input-items.ts';
import { turnIdOf } from './ids.ts';
import { assistantFor } from './models.ts';
import { sessionOf, STORED_MEMBERS } from './parameters.ts';
import { keptText } from './kept-text.ts';
import { ResponseEvents } from './response-events.ts';
import { response, responseJson } from './response-json.ts';
import { inputMessageOf, instructionsOf, responseRequest } from './response-request.ts';
import { responseFrames } from './response-stream.ts';
import { acceptChatTurn, placeOfHistory, userOfRequest, type OpenAiSettings, type Place } from './chat-turn.ts';
import { awaitSettled } from './await-turn.ts';

const TAG = 'OpenAI-compatible';
/** `after` of a stream from the beginning. */
const ALL = -1;
const responseId = z.strictObject({ response_id: storableText(1, 200) });

const ignoredText = z.string().optional().meta({ description: 'Accepted and ignored.' });
/** The clients send the list `include` as repeated `include[]`. */
const INCLUDE = { include: ignoredText, 'include[]': ignoredText };

const fault = (pointer: string, detail: string): Problem => invalidRequest([{ pointer, detail }]);

/** The turn of a response. @throws Problem turn_not_found, also if its user is not allowed */
async function turnOf(turns: Services['turns'], id: string, isAllowed: (userId: string) => boolean): Promise<Turn> {
  const turnId = turnIdOf(id);
  const turn = turnId === null ? null : await turns.find(turnId);
  if (!turn || !isAllowed(turn.userId)) throw new Problem('turn_not_found', 'No response has this id.');
  return turn;
}

type ResponseRequest = z.output<typeof responseRequest>;

/** Where the request continues: after the previous response, or where its messages say. */
async function placeFor(
  turns: Services['turns'],
  user: string,
  body: ResponseRequest,
  shown: Parameters<typeof placeOfHistory>[2],
): Promise<Place> {
  const named = sessionOf(body.metadata);
  const previous = body.previous_response_id ?? null;
  if (previous === null) return placeOfHistory(turns, user, shown, named);
  const { sessionId, turnId } = await turnOf(turns, previous, (userId) => userId === user);
  if (named !== null && named !== sessionId)
    throw fault('/metadata/session_id', 'is not the session of previous_response_id');
  return { session: sessionId, continues: { follows: turnId, shown: null } };
}

/** Operations for responses. */
export function responseOperations(
  { turns, turnEvents, conversations }: Pick<Services, 'turns' | 'turnEvents' | 'conversations'>,
  { assistants, heldText }: OpenAiSettings,
): Operation[] {
  const stream = (turn: Turn, after: number, { signal }: RequestContext): Answer => {
    const followed = turnEvents.follow(turn, ResponseEvents.startPosition(after), signal());
    return eventStream(responseFrames(turn, keptText(followed, turn, assistants), new ResponseEvents(turn, after)));
  };

  return [
    operation({
      id: 'createResponse',
      method: 'POST',
      path: '/v1/responses',
      tag: TAG,
      summary: 'Create a response',
      description: [
        'The last user message becomes a turn. Every response can be retrieved, streamed and cancelled by its id, with or without `background`.',
        'Without `background`, the response is sent when the turn is final or awaiting review. While a reply awaits review, the response is `in_progress` with `turnkeeper.status` `awaiting_review`; poll it.',
        'If the review expires, the response is `incomplete`. A client that disconnects does not cancel the turn.',
      ].join(' '),
      access: { resource: 'chat', owner: 'loaded' },
      headers: z.object({ 'idempotency-key': idempotencyKey.optional() }),
      body: responseRequest,
      bodyBytes: HISTORY_BYTES,
      storedMembers: STORED_MEMBERS,
      example: { model: 'turnkeeper', user: 'alice', input: 'Hi, I need help', background: true },
      answers: {
        200: { description: 'The response; with `stream` its events.', schema: response, type: EVENTS_TYPE },
      },
      problems: [
        'model_not_found',
        'user_not_found',
        'turn_not_found',
        'session_not_found',
        'user_being_erased',
        'idempotency_key_reused',
        'rate_limited',
        'budget_exhausted',
        'user_queue_full',
        'queue_full',
        'database_unavailable',
      ],
      async handle({ headers, body }, context) {
        const assistant = assistantFor(body.model, assistants.current);
        const userId = userOfRequest(body.user, context);
        const message = inputMessageOf(body);
        const { text, pictures, exchanges } = message;
        const place = await placeFor(turns, userId, body, { exchanges, heldText });
        const results = await resultsFor(turns, userId, message, place);
        const background = body.background === true;
        const previous = body.previous_response_id ?? null;
        const request = {
          userId,
          assistant,
          instructions: instructionsOf(body),
          text,
          pictures,
          tools: responseToolsIn(body),
          ...results,
          metadata: body.metadata,
          options: background || previous !== null ? { background, previous_response_id: previous } : null,
          idempotencyKey: headers['idempotency-key'] ?? null,
        };
        const turn = await acceptChatTurn(turns, request, context);
        if (body.stream) return stream(turn, ALL, context);
        return json(responseJson(background ? turn : await awaitSettled(turns, turn, context.signal())));
      },
    }),
    operation({
      id: 'getResponse',
      method: 'GET',
      path: '/v1/responses/{response_id}',
      tag: TAG,
      summary: 'Retrieve or stream a response',
      description: [
        'With `stream=true`, its events from the beginning or after `starting_after`. Any server can resume the stream at any time, without gap or repeat.',
        'A sequence number is a position in the text: numbers increase and have gaps. If the reply was restarted with a different text than the client has, the stream ends with an error.',
      ].join(' '),
      access: { resource: 'turns', owner: 'loaded' },
      params: responseId,
      query: z.strictObject({
        stream: z.enum(['true', 'false']).optional(),
        starting_after: wholeNumber(0, Number.MAX_SAFE_INTEGER)
          .optional()
          .meta({ description: 'With `stream`: the `sequence_number` of the last received event.' }),
        include_obfuscation: ignoredText,
        ...INCLUDE,
      }),
      answers: {
        200: { description: 'The response; with `stream` its events.', schema: response, type: EVENTS_TYPE },
      },
      problems: ['turn_not_found', 'database_unavailable'],
      async handle({ path, query }, context) {
        const after = query.starting_after ?? ALL;
        const streamed = query.stream === 'true';
        if (!streamed && after !== ALL) throw fault('/query/starting_after', 'requires stream=true');
        const turn = await turnOf(turns, path.response_id, context.owns);
        if (!streamed) return json(responseJson(turn));
        if (ResponseEvents.startPosition(after).epoch > turn.epoch)
          throw fault('/query/starting_after', 'is not a sequence_number of this response');
        return stream(turn, after, context);
      },
    }),
    operation({
      id: 'listInputItems',
      method: 'GET',
      path: '/v1/responses/{response_id}/input_items',
      tag: TAG,
      summary: 'List the input items of a response',
      description:
        'The message of the user and, before it, the messages and replies of the session that were delivered earlier.',
      access: { resource: 'turns', owner: 'loaded' },
      params: responseId,
      query: z.strictObject({
        order: z.enum(['asc', 'desc']).default('desc').meta({ description: '`desc`: newest first.' }),
        limit: limitUpTo(100, 20),
        after: storableText(1, 200).optional().meta({ description: 'The `last_id` of the previous page.' }),
        ...INCLUDE,
      }),
      answers: { 200: { description: 'A page of the items.', schema: inputItems } },
      problems: ['turn_not_found', 'database_unavailable'],
      async handle({ path, query }, { owns }) {
        const turn = await turnOf(turns, path.response_id, owns);
        const page = await inputItemsOf({ turns, conversations }, turn, { ...query, after: query.after });
        if (!page) throw fault('/query/after', 'is not an item of this response');
        return json(page);
      },
    }),
    operation({
      id: 'cancelResponse',
      method: 'POST',
      path: '/v1/responses/{response_id}/cancel',
      tag: TAG,
      summary: 'Cancel a response',
      description:
        'Cancels a turn that is queued, running or awaiting review. If the turn is already final, the response is returned unchanged.',
      access: { resource: 'turns', owner: 'loaded' },
      params: responseId,
      answers: { 200: { description: 'The response.', schema: response } },
      problems: ['turn_not_found', 'database_unavailable'],
      async handle({ path }, { owns, identity }) {
        const turn = await turnOf(turns, path.response_id, owns);
        const outcome = await turns.cancel(turn.turnId, identity.name);
        if (outcome.outcome === 'unknown') throw new Problem('turn_not_found', 'No response has this id.');
        return json(responseJson(outcome.turn));
      },
    }),
  ];
}
