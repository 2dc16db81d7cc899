// Streams a turn as server-sent events.
import { z } from 'zod';
import { isAtEnd, positionOf } from '../../domain/stream-position.ts';
import type { FollowedEvent } from '../../turns/follow-turn.ts';
import type { Turn } from '../../domain/turn.ts';
import { EVENTS_TYPE, eventStream, FIRST_FRAME, framesOfEvent, HEARTBEAT, SharedJson } from '../event-stream.ts';
import { operation, type Operation } from '../operation.ts';
import type { Services } from '../services.ts';
import { ownTurn, turnIdParameter } from '../turn-access.ts';
import { stepJson, turnJson } from './turn-json.ts';

function dataOf(event: Exclude<FollowedEvent, { type: 'heartbeat' }>, turns: SharedJson<Turn>): string | Buffer {
  if (event.type === 'turn') return turns.of(event.turn);
  return JSON.stringify(event.type === 'delta' ? { text: event.text } : stepJson(event.step));
}

/** The frame of an event in chunks. A heartbeat is a comment. */
function* chunksOf(event: FollowedEvent, turns: SharedJson<Turn>): Generator<string | Buffer> {
  if (event.type === 'heartbeat') return yield HEARTBEAT;
  const data = dataOf(event, turns);
  yield* framesOfEvent(event.type, event.id, data);
}

async function* framesOf(
  events: AsyncIterable<FollowedEvent>,
  turns: SharedJson<Turn>,
): AsyncGenerator<string | Buffer> {
  yield FIRST_FRAME;
  for await (const event of events) yield* chunksOf(event, turns);
}

const EVENT_ID = z.string().optional();

/** Operations that stream a turn. */
export const turnEventOperations = (
  { turns, turnEvents }: Pick<Services, 'turns' | 'turnEvents'>,
  bytes = new SharedJson(turnJson),
): Operation[] => [
  operation({
    id: 'getTurnEvents',
    method: 'GET',
    path: '/turns/{turn_id}/events',
    tag: 'Turns',
    summary: 'Stream the events of a turn',
    description: [
      'Server-sent events. `turn`: the whole turn, at each change of its status. `delta`: `{"text": "…"}`, the next part of the reply text. `step`: `{"step", "tool", "status"}`, when a call of a tool changes; several changes between two reads of the turn are one event with the last status.',
      'A `turn` event with status `running` restarts the text (a model attempt failed, the model asked for a tool, or another worker took the turn over): only the deltas after it belong to the reply.',
      'Every event has an id. With `Last-Event-ID`, any server resumes the stream after that event, without gap or repeat. An unknown id restarts the stream.',
      'The stream ends after the final `turn` event. For a turn that is already final, it contains only that event. A client that resumes after the final event gets 204, which makes an EventSource stop reconnecting.',
      'A reply that requires review is sent only in the final `turn` event. Comments are heartbeats. A client that disconnects does not cancel the turn.',
    ].join(' '),
    access: { resource: 'turns', owner: 'loaded' },
    params: z.strictObject({ turn_id: turnIdParameter }),
    query: z.strictObject({
      last_event_id: EVENT_ID.meta({
        description: 'For clients that cannot send the `Last-Event-ID` header. The header takes precedence.',
      }),
    }),
    headers: z.object({
      'last-event-id': EVENT_ID.meta({ description: 'The id of the last received event.' }),
    }),
    answers: {
      200: { description: 'The stream of events.', type: EVENTS_TYPE },
      204: { description: 'The client already has the final event.' },
    },
    problems: ['turn_not_found', 'database_unavailable'],
    async handle({ path, query, headers }, context) {
      const turn = await ownTurn(turns, path.turn_id, context);
      const from = positionOf(headers['last-event-id'] || query.last_event_id, turn);
      if (isAtEnd(from)) return { status: 204 };
      return eventStream(framesOf(turnEvents.follow(turn, from, context.signal()), bytes));
    },
  }),
];
