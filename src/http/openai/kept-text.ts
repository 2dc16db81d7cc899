// The events of a turn for clients that cannot take back text.
import { assistantNamed, type AssistantSource } from '../../domain/assistants/assistant.ts';
import { hasTools } from '../../domain/tools/tool.ts';
import type { Turn } from '../../domain/turn.ts';
import type { FollowedEvent } from '../../turns/follow-turn.ts';

/** The events without deltas that may turn out not to belong to the reply: the text before a call of the assistant's tools.
 *  OpenAI's protocol has no way to take text back, so the reply of such an assistant is sent when it is whole. */
export async function* keptText(
  events: AsyncIterable<FollowedEvent>,
  { assistant }: Pick<Turn, 'assistant'>,
  { current }: AssistantSource,
): AsyncGenerator<FollowedEvent, void, undefined> {
  const answering = assistant === null ? current.standard : assistantNamed(current, assistant);
  const mayVoid = answering !== null && hasTools(answering.tools);
  for await (const event of events) if (!mayVoid || event.type !== 'delta') yield event;
}
