// Streams a turn as chunks of a chat completion.
import type { FollowedEvent } from '../../turns/follow-turn.ts';
import { isSettled, type Turn } from '../../domain/turn.ts';
import { HEARTBEAT } from '../event-stream.ts';
import { Problem } from '../problem.ts';
import { callsDelta, chunkJson, contentOf, usageChunkJson } from './completion-json.ts';
import { openAiErrorDocument } from './errors.ts';
import { GrowingText } from './growing-text.ts';
import { responseIdOf, turnkeeperJson } from './ids.ts';
import { noReplyProblem } from './await-turn.ts';

const frame = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const DONE = 'data: [DONE]\n\n';

/** The problem for a reply that was restarted with a different text than the client already has. */
export const restartedProblem = (turn: Turn): Problem =>
  new Problem(
    'turn_unfinished',
    `The reply was restarted, and its new text differs from the text already sent. See /turns/${turn.turnId} or /v1/responses/${responseIdOf(turn.turnId)}.`,
    { members: { turnkeeper: turnkeeperJson(turn) } },
  );

export interface CompletionStreamOptions {
  /** The model name in the request. */
  readonly model: string;
  readonly usage: boolean;
  /** Stands for a reply that awaits review. */
  readonly heldText: string;
}

/** The frames of the stream. The chunks contain the reply, or the last frame is an error after what there is of it. */
export async function* completionFrames(
  accepted: Turn,
  events: AsyncIterable<FollowedEvent>,
  { model, usage, heldText }: CompletionStreamOptions,
): AsyncGenerator<string> {
  const text = new GrowingText();
  let turn = accepted;
  const contentFrames = (content: string) => (content === '' ? [] : [frame(chunkJson(turn, model, { content }))]);
  const errorFrame = (problem: Problem) => frame(openAiErrorDocument(problem));
  yield frame(chunkJson(turn, model, { role: 'assistant', content: '' }));
  for await (const event of events) {
    if (event.type === 'heartbeat') {
      yield HEARTBEAT;
      continue;
    }
    if (event.type === 'delta') {
      const added = text.add(event.text);
      if (added === null) return yield errorFrame(restartedProblem(turn));
      yield* contentFrames(added);
      continue;
    }
    if (event.type === 'step') continue;
    ({ turn } = event);
    text.restart();
    if (!isSettled(turn.status)) continue;
    const content = contentOf(turn, heldText);
    if (content === null) {
      // The chunks add up to the partial reply of a cancelled turn.
      yield* contentFrames(text.finish(turn.partialReply ?? '') ?? '');
      return yield errorFrame(noReplyProblem(turn, false));
    }
    const rest = text.finish(content);
    if (rest === null) return yield errorFrame(restartedProblem(turn));
    yield* contentFrames(rest);
    const calls = callsDelta(turn);
    if (calls) yield frame(chunkJson(turn, model, calls));
    yield frame(chunkJson(turn, model, {}, true));
    if (usage) yield frame(usageChunkJson(turn, model));
    return yield DONE;
  }
  yield errorFrame(noReplyProblem(turn, false));
}
