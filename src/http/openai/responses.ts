// Responses: a turn, asked for and told in the words of OpenAI's Responses API.
import { z } from 'zod';
import type { Turn } from '../../domain/turn.ts';
import { EVENTS_TYPE, eventStream } from '../event-stream.ts';
import { idempotencyKey } from '../header-fields.ts';
import { json, operation, type Answer, type Operation, type RequestContext } from '../operation.ts';
import { Problem, type Fault } from '../problem.ts';
import { storableText, wholeNumber } from '../schemas.ts';
import type { Services } from '../services.ts';
import { HISTORY_BYTES } from './chat-completions.ts';
import { turnIdOf } from './ids.ts';
import { checkModel } from './models.ts';
import { sessionOf } from './parameters.ts';
import { ResponseEvents } from './response-events.ts';
import { response, responseJson } from './response-json.ts';
import { responseRequest, saidBy } from './response-request.ts';
import { responseFrames } from './response-stream.ts';
import { LAST } from './sequence.ts';
import { continuedSession, acceptChatTurn, userOfRequest } from './chat-turn.ts';
import { awaitSettled } from './await-turn.ts';

const TAG = 'OpenAI-compatible';
const ALL = -1;
const responseId = z.strictObject({ response_id: storableText(1, 200) });

const fault = (pointer: string, detail: string): Problem => {
  const errors: Fault[] = [{ pointer, detail }];
  return new Problem('invalid_request', 'One thing is wrong with the request.', { errors });
};

/** The turn that the response is, if it is there for whom `isTheirs` allows. @throws Problem turn_not_found */
async function turnOf(turns: Services['turns'], id: string, isTheirs: (userId: string) => boolean): Promise<Turn> {
  const turnId = turnIdOf(id);
  const turn = turnId === null ? null : await turns.find(turnId);
  if (!turn || !isTheirs(turn.userId)) throw new Problem('turn_not_found', 'No response has this id.');
  return turn;
}

type Asked = z.output<typeof responseRequest>;

/** The session that the request names, or that its messages continue. */
async function sessionFor(turns: Services['turns'], user: string, asked: Asked): Promise<string | null> {
  const named = sessionOf(asked.metadata);
  const previous = asked.previous_response_id ?? null;
  if (previous === null) return named ?? (await continuedSession(turns, user, saidBy(asked).before));
  const { sessionId } = await turnOf(turns, previous, (userId) => userId === user);
  if (named !== null && named !== sessionId)
    throw fault('/metadata/session_id', 'is not the session of previous_response_id');
  return sessionId;
}

/** Responses. `model`: the configured one. */
export function responseOperations(
  { turns, turnEvents }: Pick<Services, 'turns' | 'turnEvents'>,
  model: string,
): Operation[] {
  const stream = (turn: Turn, after: number, { signal }: RequestContext): Answer => {
    const followed = turnEvents.follow(turn, ResponseEvents.placeFor(after), signal());
    return eventStream(responseFrames(turn, followed, new ResponseEvents(turn, after, model)));
  };

  return [
    operation({
      id: 'createResponse',
      method: 'POST',
      path: '/v1/responses',
      tag: TAG,
      summary: 'Say something, and have the reply now, later or as it is written',
      description: [
        'The last message of the user is a turn like any other, and the response is that turn: it can be read, streamed and cancelled by its id, `background` or not.',
        'Without `background` it is answered when the turn rests. A reply that a person has to review is `in_progress`, with `turnkeeper.status` `awaiting_review`; poll it.',
        'An expired review is `incomplete`. Hanging up cancels nothing.',
      ].join(' '),
      access: { thing: 'chat', owner: 'loaded' },
      headers: z.object({ 'idempotency-key': idempotencyKey.optional() }),
      body: responseRequest,
      bodyBytes: HISTORY_BYTES,
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
        'user_queue_full',
        'queue_full',
        'database_unavailable',
      ],
      async handle({ headers, body }, context) {
        checkModel(body.model, model);
        const userId = userOfRequest(body.user, context);
        const session = await sessionFor(turns, userId, body);
        const asked = { background: body.background === true, previous_response_id: body.previous_response_id ?? null };
        const own = asked.background || asked.previous_response_id !== null ? asked : null;
        const key = headers['idempotency-key'] ?? null;
        const turn = await acceptChatTurn(
          turns,
          { userId, said: saidBy(body), session, metadata: body.metadata, own, key },
          context,
        );
        if (body.stream) return stream(turn, ALL, context);
        return json(responseJson(asked.background ? turn : await awaitSettled(turns, turn, context.signal()), model));
      },
    }),
    operation({
      id: 'getResponse',
      method: 'GET',
      path: '/v1/responses/{response_id}',
      tag: TAG,
      summary: 'Read a response, or stream it',
      description: [
        'With `stream=true` its events, from the beginning or after `starting_after`, at any server and at any time, without gap or repeat.',
        'Numbers tell the place in the text: they grow, and have gaps. A reply that was begun anew, otherwise than the client has it, ends the stream with an error.',
      ].join(' '),
      access: { thing: 'turns', owner: 'loaded' },
      params: responseId,
      query: z.strictObject({
        stream: z.enum(['true', 'false']).optional(),
        starting_after: wholeNumber(0, LAST)
          .optional()
          .meta({ description: 'With `stream`: the `sequence_number` of the last event that was seen.' }),
        include_obfuscation: z.string().optional().meta({ description: 'Accepted and ignored.' }),
      }),
      answers: {
        200: { description: 'The response; with `stream` its events.', schema: response, type: EVENTS_TYPE },
      },
      problems: ['turn_not_found', 'database_unavailable'],
      async handle({ path, query }, context) {
        const after = query.starting_after ?? ALL;
        const streamed = query.stream === 'true';
        if (!streamed && after !== ALL) throw fault('/query/starting_after', 'goes with stream=true only');
        const turn = await turnOf(turns, path.response_id, context.owns);
        if (!streamed) return json(responseJson(turn, model));
        if (ResponseEvents.placeFor(after).epoch > turn.epoch)
          throw fault('/query/starting_after', 'is no sequence_number of this response');
        return stream(turn, after, context);
      },
    }),
    operation({
      id: 'cancelResponse',
      method: 'POST',
      path: '/v1/responses/{response_id}/cancel',
      tag: TAG,
      summary: 'Cancel a response',
      description:
        'Ends a turn that waits, runs or awaits review. Of a response that has ended already, cancelled or not, the answer is the response as it is.',
      access: { thing: 'turns', owner: 'loaded' },
      params: responseId,
      answers: { 200: { description: 'The response.', schema: response } },
      problems: ['turn_not_found', 'database_unavailable'],
      async handle({ path }, { owns, identity }) {
        const turn = await turnOf(turns, path.response_id, owns);
        const outcome = await turns.cancel(turn.turnId, identity.name);
        if (outcome.outcome === 'unknown') throw new Problem('turn_not_found', 'No response has this id.');
        return json(responseJson(outcome.turn, model));
      },
    }),
  ];
}
