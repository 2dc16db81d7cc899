// A turn as server-sent events.
import { z } from 'zod';
import { isAtEnd, positionOf } from '../../domain/stream-position.ts';
import type { FollowedEvent } from '../../turns/follow-turn.ts';
import type { Turn } from '../../domain/turn.ts';
import { EVENTS_TYPE, eventStream, FIRST_FRAME, framesOfEvent, HEARTBEAT, SharedJson } from '../event-stream.ts';
import { operation, type Operation } from '../operation.ts';
import type { Services } from '../services.ts';
import { turnJson } from './turn-json.ts';
import { ownTurn, turnId } from './turns.ts';

/** An event, or a heartbeat as a comment, as it is sent. */
function* piecesOf(event: FollowedEvent, turns: SharedJson<Turn>): Generator<string | Buffer> {
  if (event.type === 'heartbeat') return yield HEARTBEAT;
  const data = event.type === 'delta' ? JSON.stringify({ text: event.text }) : turns.of(event.turn);
  yield* framesOfEvent(event.type, event.id, data);
}

async function* framesOf(
  events: AsyncIterable<FollowedEvent>,
  turns: SharedJson<Turn>,
): AsyncGenerator<string | Buffer> {
  yield FIRST_FRAME;
  for await (const event of events) yield* piecesOf(event, turns);
}

const EVENT_ID = z.string().optional();

/** Watching a turn. */
export const turnEventOperations = (
  { turns, turnEvents }: Pick<Services, 'turns' | 'turnEvents'>,
  bytes = new SharedJson(turnJson),
): Operation[] => [
  operation({
    id: 'getTurnEvents',
    method: 'GET',
    path: '/turns/{turn_id}/events',
    tag: 'Turns',
    summary: 'Watch a turn as server-sent events',
    description: [
      '`turn`: the whole turn, at each change of its status. `delta`: `{"text": "…"}`, the next piece of its reply.',
      'With every `turn` of status `running` the text begins anew (an attempt at the model failed, or another worker took over): the deltas since then are the reply.',
      'Every event has an id; with `Last-Event-ID` the events after it follow, without gap or repeat, at any server and at any time; an id that is none of this turn’s begins anew.',
      'The stream ends after the final `turn`; of a final turn it is that one event. Whoever has seen it and asks again is answered 204, which tells an EventSource to stop.',
      'A reply that a person has to review comes in the final `turn` alone. Comments are heartbeats. Hanging up cancels nothing.',
    ].join(' '),
    access: { thing: 'turns', owner: 'loaded' },
    params: z.strictObject({ turn_id: turnId }),
    query: z.strictObject({
      last_event_id: EVENT_ID.meta({ description: 'For clients that cannot send the header, which counts first.' }),
    }),
    headers: z.object({
      'last-event-id': EVENT_ID.meta({ description: 'The last event that was seen.' }),
    }),
    answers: {
      200: { description: 'The events, as they happen.', type: EVENTS_TYPE },
      204: { description: 'The final turn was seen; there is nothing more.' },
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
