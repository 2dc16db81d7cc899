// POST /v1/chat/completions.
import { z } from 'zod';
import { START } from '../../domain/stream-position.ts';
import { EVENTS_TYPE, eventStream } from '../event-stream.ts';
import { idempotencyKey } from '../header-fields.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS, userId } from '../schemas.ts';
import type { Services } from '../services.ts';
import { chatToolChoice, chatTools, chatToolsIn, parallelToolCalls } from './client-tools.ts';
import { completion, completionJson, contentOf } from './completion-json.ts';
import { keptText } from './kept-text.ts';
import { completionFrames } from './completion-stream.ts';
import { chatMessageOf, instructionsIn, messages } from './messages.ts';
import { assistantFor, modelName } from './models.ts';
import { OF_OTHER_SERVERS } from './other-servers.ts';
import {
  IGNORED,
  metadata,
  NO_LOGPROBS,
  NO_MODERATION,
  NO_TOOL_CHOICE,
  NO_TOOLS,
  ONE_REPLY,
  only,
  sessionOf,
  STORED_MEMBERS,
  streamOptions,
  TEXT_FORMAT,
} from './parameters.ts';
import { acceptChatTurn, placeOfHistory, userOfRequest, type OpenAiSettings } from './chat-turn.ts';
import { resultsFor } from './continued-calls.ts';
import { awaitSettled, noReplyProblem } from './await-turn.ts';

/** Body limit. Clients send the whole conversation with every message, with its pictures. */
export const HISTORY_BYTES = 12 * 1024 * 1024;

const completionRequest = z
  .strictObject({
    model: modelName,
    messages,
    user: userId.nullish(),
    metadata,
    stream: z.boolean().nullish(),
    stream_options: streamOptions,
    ...OF_OTHER_SERVERS,
    ...IGNORED,
    n: ONE_REPLY,
    tools: chatTools,
    tool_choice: chatToolChoice,
    parallel_tool_calls: parallelToolCalls,
    functions: NO_TOOLS,
    function_call: NO_TOOL_CHOICE,
    modalities: only([['text']], 'must be ["text"]: turnkeeper generates only text'),
    audio: only([], 'must be omitted: turnkeeper generates only text'),
    response_format: TEXT_FORMAT,
    logprobs: only([false], 'must be false: turnkeeper does not return log probabilities'),
    top_logprobs: NO_LOGPROBS,
    moderation: NO_MODERATION,
    web_search_options: only([], 'must be omitted: turnkeeper does not call tools'),
  })
  .register(COMPONENTS, { id: 'OpenAiChatCompletionRequest' });

/** Operations for chat completions. */
export const chatCompletionOperations = (
  { turns, turnEvents }: Pick<Services, 'turns' | 'turnEvents'>,
  { assistants, heldText }: OpenAiSettings,
): Operation[] => [
  operation({
    id: 'createChatCompletion',
    method: 'POST',
    path: '/v1/chat/completions',
    tag: 'OpenAI-compatible',
    summary: 'Create a chat completion',
    description: [
      'The last message, or the results of calls, become a turn; docs/openai.md describes which session it continues.',
      'If the reply asks for calls of the tools in the request, `finish_reason` is `tool_calls`, and the client sends the results with its next request.',
      'If the reply awaits review, the response is a message that says so. A turn without a reply is an error that the clients do not retry.',
      'With `stream`, the chunks contain the reply, or the stream ends with an error. A client that disconnects does not cancel the turn.',
    ].join(' '),
    access: { resource: 'chat', owner: 'loaded' },
    headers: z.object({ 'idempotency-key': idempotencyKey.optional() }),
    body: completionRequest,
    bodyBytes: HISTORY_BYTES,
    storedMembers: STORED_MEMBERS,
    example: { model: 'turnkeeper', user: 'alice', messages: [{ role: 'user', content: 'Hi, I need help' }] },
    answers: {
      200: {
        description: 'The chat completion. With `stream`, its chunks as they are generated.',
        schema: completion,
        type: EVENTS_TYPE,
      },
    },
    problems: [
      'model_not_found',
      'user_not_found',
      'session_not_found',
      'turn_failed',
      'turn_cancelled',
      'turn_expired',
      'turn_unfinished',
      'turn_not_found',
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
      const user = userOfRequest(body.user, context);
      const message = chatMessageOf(body.messages, '/messages');
      const place = await placeOfHistory(turns, user, { ...message, heldText }, sessionOf(body.metadata));
      const results = await resultsFor(turns, user, message, place);
      const idempotencyKey = headers['idempotency-key'] ?? null;
      const request = {
        userId: user,
        assistant,
        instructions: instructionsIn(body.messages),
        text: message.text,
        pictures: message.pictures,
        tools: chatToolsIn(body),
        ...results,
        metadata: body.metadata,
        options: null,
        idempotencyKey,
      };
      const turn = await acceptChatTurn(turns, request, context);
      if (body.stream) {
        const usage = body.stream_options?.include_usage === true;
        const events = keptText(turnEvents.follow(turn, START, context.signal()), turn, assistants);
        return eventStream(completionFrames(turn, events, { model: body.model, usage, heldText }));
      }
      const settled = await awaitSettled(turns, turn, context.signal());
      const content = contentOf(settled, heldText);
      if (content === null) throw noReplyProblem(settled, idempotencyKey !== null);
      return json(completionJson(settled, content, body.model));
    },
  }),
];
