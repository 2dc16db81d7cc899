// Messages that the server has not accepted yet. Each has an idempotency key, so that a retry adds no second turn.
import { signal } from '@preact/signals';
import { ApiProblem, call, errorText } from '../api/call.ts';
import type { BusyRule } from '../api/derived.ts';
import type { Turn } from '../api/types.ts';

export interface Draft {
  readonly userId: string;
  /** Null: a new session. */
  readonly sessionId: string | null;
  readonly text: string;
  readonly tags: readonly string[];
  readonly onBusy: BusyRule;
  /** Undefined: the default assistant. */
  readonly assistant: string | undefined;
}

export interface Outgoing extends Draft {
  readonly key: string;
  /** Why it was not accepted; null while it is being sent. */
  readonly failed: string | null;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The server does not know the assistant: the message may be sent to another one. */
  readonly assistantUnknown: boolean;
}

export const outgoing = signal<readonly Outgoing[]>([]);

const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

const without = (key: string): readonly Outgoing[] => outgoing.value.filter((each) => each.key !== key);

export const drop = (key: string): void => void (outgoing.value = without(key));

/** Sends a message. Returns its turn; null if it was not accepted and is in `outgoing` with the reason. */
export const send = (draft: Draft): Promise<Turn | null> =>
  sendAs({ ...draft, key: newKey(), failed: null, retryable: false, assistantUnknown: false });

/** Sends a message under the key it has. */
export async function sendAs(message: Outgoing): Promise<Turn | null> {
  const { key, userId, sessionId, text, tags, onBusy, assistant } = message;
  const rest = without(key);
  outgoing.value = [...rest, { ...message, failed: null }];
  try {
    const turn = await call<Turn>('/chat', {
      body: {
        user_id: userId,
        text,
        tags,
        on_busy: onBusy,
        assistant,
        ...(sessionId !== null && { metadata: { session_id: sessionId } }),
      },
      headers: { 'idempotency-key': key },
    });
    drop(key);
    return turn;
  } catch (error) {
    const assistantUnknown = error instanceof ApiProblem && error.pointers.includes('/assistant');
    const failed = assistantUnknown ? `The assistant ${assistant} is no longer available.` : errorText(error);
    const retryable =
      assistantUnknown || !(error instanceof ApiProblem) || error.status >= 429 || error.code === 'user_busy';
    outgoing.value = [...without(key), { ...message, failed, retryable, assistantUnknown }];
    return null;
  }
}
