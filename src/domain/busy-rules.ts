// What happens to a message whose user has unfinished turns. Decided under the user's lock, in the accept transaction;
// what is decided about the running turn is fenced by its row, as a claim or a commit may come at the same moment.
import { MESSAGE_LIMITS } from './limits.ts';
import type { Metadata, Turn } from './turn.ts';

interface BusyRuleEffect {
  /** What becomes of the turn that runs; undefined: it goes on. */
  readonly cancels?: 'keepPartial' | 'dropPartial';
  /** The message is refused while the user has queued or running turns. */
  readonly refuses?: true;
  /** The message becomes part of the newest queued turn of its session, if there is one. */
  readonly joins?: true;
  /** For the API's documentation. */
  readonly means: string;
}

/** The rules by name; waiting turns always stay where they are. */
export const BUSY_RULES = {
  enqueue: { means: 'the message waits for its turn' },
  reject: { refuses: true, means: '409 `user_busy`, unless the user has no queued or running turn' },
  interrupt: {
    cancels: 'keepPartial',
    means:
      'the running turn is cancelled, what it had written is kept as its `partial_reply`; turns that wait keep their places, and this one comes after them',
  },
  rollback: {
    cancels: 'dropPartial',
    means: 'as `interrupt`, but nothing is kept of what the running turn had written',
  },
  merge: {
    joins: true,
    means:
      'the text joins the user’s newest queued turn of the same session behind a newline, its tags are united, its metadata merged, and that turn is answered; ' +
      'where there is none, or the whole would be longer than one message may be, the message waits for its own turn',
  },
} as const satisfies Record<string, BusyRuleEffect>;

export type BusyRule = keyof typeof BUSY_RULES;
export const BUSY_RULE_NAMES = Object.keys(BUSY_RULES) as [BusyRule, ...BusyRule[]];

export const effectOf = (rule: BusyRule): BusyRuleEffect => BUSY_RULES[rule];

type Content = Pick<Turn, 'text' | 'tags' | 'metadata' | 'sessionId'>;

/** The waiting turn's content with the message's behind it; null: that would be more than one message may have. */
export function joined(waiting: Content, message: Content): Content | null {
  const text = `${waiting.text}\n${message.text}`;
  const tags = [...new Set([...waiting.tags, ...message.tags])];
  const { sessionId } = waiting;
  const metadata: Metadata = { ...waiting.metadata, ...message.metadata, session_id: sessionId };
  const fits =
    Array.from(text).length <= MESSAGE_LIMITS.textCharacters &&
    tags.length <= MESSAGE_LIMITS.tags &&
    Buffer.byteLength(JSON.stringify(metadata)) <= MESSAGE_LIMITS.metadataBytes;
  return fits ? { text, tags, metadata, sessionId } : null;
}
