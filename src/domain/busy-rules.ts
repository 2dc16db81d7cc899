// What happens to a message whose user has queued or running turns. The accept transaction decides it under the user's
// lock. The effect on the running turn is fenced by that turn's row, because it may be claimed or committed at the same
// time.
import { MESSAGE_LIMITS } from './limits.ts';
import type { Metadata, Turn } from './turn.ts';

interface BusyRuleEffect {
  /** What happens to the running turn; undefined: it continues. */
  readonly cancels?: 'keepPartial' | 'dropPartial';
  /** The message is refused while the user has queued or running turns. */
  readonly refuses?: true;
  /** The message becomes part of the newest queued turn of its session, if one exists. */
  readonly joins?: true;
  /** The description in the API's documentation. */
  readonly means: string;
}

/** The rules by name. No rule changes the order of queued turns. */
export const BUSY_RULES = {
  enqueue: { means: 'the message becomes a new queued turn' },
  reject: { refuses: true, means: '409 `user_busy`, unless the user has no queued or running turn' },
  interrupt: {
    cancels: 'keepPartial',
    means:
      'the running turn is cancelled, and the text that it had written is kept as its `partial_reply`; queued turns keep their order, and the new turn is queued after them',
  },
  rollback: {
    cancels: 'dropPartial',
    means: 'like `interrupt`, but the text that the running turn had written is discarded',
  },
  merge: {
    joins: true,
    means:
      'the text is appended to the user’s newest queued turn of the same session after a newline, tags and metadata are merged, and the response is that turn; ' +
      'if no such turn exists, or if the result would exceed the limits of one message, the message becomes a new queued turn',
  },
} as const satisfies Record<string, BusyRuleEffect>;

export type BusyRule = keyof typeof BUSY_RULES;
export const BUSY_RULE_NAMES = Object.keys(BUSY_RULES) as [BusyRule, ...BusyRule[]];

export const effectOf = (rule: BusyRule): BusyRuleEffect => BUSY_RULES[rule];

type Content = Pick<Turn, 'text' | 'tags' | 'metadata' | 'sessionId'>;

/** The queued turn's content with the message appended; null: the result would exceed the limits of one message. */
export function joined(queued: Content, message: Content): Content | null {
  const text = `${queued.text}\n${message.text}`;
  const tags = [...new Set([...queued.tags, ...message.tags])];
  const { sessionId } = queued;
  const metadata: Metadata = { ...queued.metadata, ...message.metadata, session_id: sessionId };
  const fits =
    Array.from(text).length <= MESSAGE_LIMITS.textCharacters &&
    tags.length <= MESSAGE_LIMITS.tags &&
    Buffer.byteLength(JSON.stringify(metadata)) <= MESSAGE_LIMITS.metadataBytes;
  return fits ? { text, tags, metadata, sessionId } : null;
}
