// A turn as the chunks of a streamed chat completion.
import type { FollowedEvent } from '../../turns/follow-turn.ts';
import { isSettled, isFinal, type Turn } from '../../domain/turn.ts';
import { HEARTBEAT } from '../event-stream.ts';
import { Problem } from '../problem.ts';
import { chunkJson, spokenOf, usageChunkJson } from './completion-json.ts';
import { openAiErrorDocument } from './errors.ts';
import { GrowingText } from './growing-text.ts';
import { aboutTurn, responseIdOf } from './ids.ts';
import { withoutReply } from './await-turn.ts';

const frame = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const DONE = 'data: [DONE]\n\n';

/** The model began anew, and what it writes now contradicts what the client has. */
export const restarted = (turn: Turn): Problem =>
  new Problem(
    'turn_unfinished',
    `The reply was begun anew, otherwise than it was sent so far. See /turns/${turn.turnId} or /v1/responses/${responseIdOf(turn.turnId)}.`,
    { members: { turnkeeper: aboutTurn(turn) } },
  );

export interface CompletionStreamOptions {
  /** As the request named it. */
  readonly model: string;
  readonly usage: boolean;
}

/** The frames: the texts of the chunks are the reply, or the last frame is an error. */
export async function* completionFrames(
  accepted: Turn,
  events: AsyncIterable<FollowedEvent>,
  { model, usage }: CompletionStreamOptions,
): AsyncGenerator<string> {
  const text = new GrowingText();
  let turn = accepted;
  const piece = (content: string) => (content === '' ? [] : [frame(chunkJson(turn, model, { content }))]);
  const failed = (problem: Problem) => frame(openAiErrorDocument(problem));
  yield frame(chunkJson(turn, model, { role: 'assistant', content: '' }));
  for await (const event of events) {
    if (event.type === 'heartbeat') {
      yield HEARTBEAT;
      continue;
    }
    if (event.type === 'delta') {
      const fresh = text.add(event.text);
      if (fresh === null) return yield failed(restarted(turn));
      yield* piece(fresh);
      continue;
    }
    ({ turn } = event);
    text.restart();
    if (!isSettled(turn.status)) continue;
    const spoken = spokenOf(turn);
    if (spoken === null) return yield failed(withoutReply(turn, false));
    const rest = text.finish(spoken);
    if (rest === null) return yield failed(restarted(turn));
    yield* piece(rest);
    yield frame(chunkJson(turn, model, {}, true));
    if (usage && isFinal(turn.status)) yield frame(usageChunkJson(turn, model));
    return yield DONE;
  }
  yield failed(withoutReply(turn, false));
}
