// POST /v1/chat/completions.
import { z } from 'zod';
import { START } from '../../domain/stream-position.ts';
import { EVENTS_TYPE, eventStream } from '../event-stream.ts';
import { idempotencyKey } from '../header-fields.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS, userId } from '../schemas.ts';
import type { Services } from '../services.ts';
import { completion, completionJson, spokenOf } from './completion-json.ts';
import { completionFrames } from './completion-stream.ts';
import { messages, saidIn } from './messages.ts';
import { checkModel, modelName } from './models.ts';
import { IGNORED, ignored, metadata, NO_LOGPROBS, NO_TOOL_CHOICE, NO_TOOLS, only, sessionOf } from './parameters.ts';
import { continuedSession, acceptChatTurn, userOfRequest } from './chat-turn.ts';
import { awaitSettled, withoutReply } from './await-turn.ts';

/** Clients send the whole conversation with every message. */
export const HISTORY_BYTES = 4 * 1024 * 1024;

const completionRequest = z
  .strictObject({
    model: modelName,
    messages,
    user: userId.nullish(),
    metadata,
    stream: z.boolean().nullish(),
    stream_options: z
      .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: ignored(z.boolean()) })
      .nullish(),
    ...IGNORED,
    max_tokens: ignored(z.int()),
    max_completion_tokens: ignored(z.int()),
    seed: ignored(z.int()),
    stop: ignored(z.union([z.string(), z.array(z.string())])),
    presence_penalty: ignored(z.number()),
    frequency_penalty: ignored(z.number()),
    logit_bias: ignored(z.record(z.string(), z.number())),
    reasoning_effort: ignored(z.string()),
    verbosity: ignored(z.string()),
    prediction: ignored(z.looseObject({})),
    n: only(1, 'must be 1: a turn has one reply'),
    tools: NO_TOOLS,
    tool_choice: NO_TOOL_CHOICE,
    functions: NO_TOOLS,
    function_call: NO_TOOL_CHOICE,
    modalities: only(['text'], 'must be ["text"]: turnkeeper writes text'),
    audio: only(null, 'must be left out: turnkeeper writes text'),
    response_format: only({ type: 'text' }, 'must be {"type":"text"}: turnkeeper promises no other format'),
    logprobs: only(false, 'must be false: turnkeeper tells no probabilities'),
    top_logprobs: NO_LOGPROBS,
    web_search_options: only(null, 'must be left out: turnkeeper calls no tools'),
  })
  .register(COMPONENTS, { id: 'OpenAiChatCompletionRequest' });

/** Chat completions. `model`: the configured one. */
export const chatCompletionOperations = (
  { turns, turnEvents }: Pick<Services, 'turns' | 'turnEvents'>,
  model: string,
): Operation[] => [
  operation({
    id: 'createChatCompletion',
    method: 'POST',
    path: '/v1/chat/completions',
    tag: 'OpenAI-compatible',
    summary: 'Say something and wait for the reply',
    description: [
      'The last message of the user is a turn like any other; see docs/openai.md for which conversation it continues.',
      'A reply that a person has to review is answered with a message that says so. A turn without a reply is an error that the clients do not retry.',
      'Streamed, the text of the chunks is the reply, or the stream ends with an error. Hanging up cancels nothing.',
    ].join(' '),
    access: { thing: 'chat', owner: 'loaded' },
    headers: z.object({ 'idempotency-key': idempotencyKey.optional() }),
    body: completionRequest,
    bodyBytes: HISTORY_BYTES,
    example: { model: 'turnkeeper', user: 'alice', messages: [{ role: 'user', content: 'Hi, I need help' }] },
    answers: {
      200: {
        description: 'The reply; with `stream` its chunks, as they come.',
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
      'user_queue_full',
      'queue_full',
      'database_unavailable',
    ],
    async handle({ headers, body }, context) {
      checkModel(body.model, model);
      const user = userOfRequest(body.user, context);
      const said = saidIn(body.messages);
      const session = sessionOf(body.metadata) ?? (await continuedSession(turns, user, said.before));
      const key = headers['idempotency-key'] ?? null;
      const spoken = { userId: user, said, session, metadata: body.metadata, own: null, key };
      const turn = await acceptChatTurn(turns, spoken, context);
      if (body.stream) {
        const usage = body.stream_options?.include_usage === true;
        const events = turnEvents.follow(turn, START, context.signal());
        return eventStream(completionFrames(turn, events, { model: body.model, usage }));
      }
      const rested = await awaitSettled(turns, turn, context.signal());
      const content = spokenOf(rested);
      if (content === null) throw withoutReply(rested, key !== null);
      return json(completionJson(rested, content, body.model));
    },
  }),
];
