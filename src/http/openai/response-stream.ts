// Streams a response as server-sent events.
import type { FollowedEvent } from '../../turns/follow-turn.ts';
import type { Turn } from '../../domain/turn.ts';
import { HEARTBEAT } from '../event-stream.ts';
import { ResponseEvents, type ResponseEvent } from './response-events.ts';
import { noReplyProblem } from './await-turn.ts';

const frame = (event: ResponseEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** The frames of the events that the client has not received, up to the last event of the response. */
export async function* responseFrames(
  accepted: Turn,
  followed: AsyncIterable<FollowedEvent>,
  events: ResponseEvents,
): AsyncGenerator<string> {
  let turn = accepted;
  for await (const event of followed) {
    if (event.type === 'heartbeat') {
      yield HEARTBEAT;
      continue;
    }
    if (event.type === 'turn') ({ turn } = event);
    for (const each of events.take(event)) yield frame(each);
    if (events.isDone) return;
  }
  yield frame(events.fail(noReplyProblem(turn, false)));
}
