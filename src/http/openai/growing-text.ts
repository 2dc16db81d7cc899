// The text that a client assembles from deltas. OpenAI's protocols cannot revoke text that was sent, so a restarted reply
// must begin with the text that the client already has. All lengths are in UTF-16 code units.
import { assistantNamed, type AssistantSource } from '../../domain/assistants/assistant.ts';
import { hasTools } from '../../domain/tools/tool.ts';
import type { Turn } from '../../domain/turn.ts';
import type { FollowedEvent } from '../../turns/follow-turn.ts';

export class GrowingText {
  /** The text known here so far, over all restarts. */
  #known = '';
  /** The length of the reply since the last restart. */
  #length = 0;
  /** The length of the text that the client has from an earlier stream. */
  readonly #clientLength: number;

  constructor(clientLength = 0) {
    this.#clientLength = clientLength;
  }

  /** The length of the reply since the last restart. */
  get length(): number {
    return this.#length;
  }

  /** The reply restarts. False: the client has text that is not known here, so it cannot be compared with the new text. */
  restart(): boolean {
    this.#length = 0;
    return this.#known.length >= this.#clientLength;
  }

  /** The part of this delta that the client does not have yet. Null: the delta contradicts the client's text. */
  add(delta: string): string | null {
    const before = this.#known.length;
    const known = this.#known.slice(this.#length, this.#length + delta.length);
    if (!delta.startsWith(known)) return null;
    this.#length += delta.length;
    const added = delta.slice(known.length);
    this.#known += added;
    return added.slice(Math.max(0, this.#clientLength - before));
  }

  /** The part of the whole reply that the client does not have yet. Null: the reply contradicts the client's text. */
  finish(reply: string): string | null {
    if (reply.length < this.#known.length) return null;
    this.#length = 0;
    return this.add(reply);
  }
}

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
