import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Decision } from '../api/derived.ts';
import { NOTE_CHARACTERS, TEXT_CHARACTERS } from '../api/limits.ts';

/** The decisions of the desk on a reply. */
export type ReplyDecision = Extract<Decision, 'approve' | 'edit' | 'reject'>;

const TEXT: Readonly<Record<ReplyDecision, { readonly title: string; readonly send: string }>> = {
  approve: { title: 'The user receives the draft unchanged.', send: 'Approve' },
  edit: { title: 'The user receives this text instead of the draft.', send: 'Send edit' },
  reject: { title: 'The user sees that a reviewer rejected the message. Your note is not shown.', send: 'Reject' },
};

interface Props {
  readonly decision: ReplyDecision;
  readonly draft: string;
  readonly sending: boolean;
  readonly onEdited: (text: string) => void;
  readonly onSend: (body: { decision: ReplyDecision; reply?: string; note?: string }) => void;
  readonly onCancel: () => void;
}

/** The form of an open decision: reply, note and submit button. Ctrl+Enter in any field sends it. */
export function DecisionForm({ decision, draft, sending, onEdited, onSend, onCancel }: Props) {
  const [reply, setReply] = useState(draft);
  const [note, setNote] = useState('');
  const form = useRef<HTMLFormElement>(null);
  // Before the form is painted: a key that is pressed as soon as it appears is text of its first field.
  useLayoutEffect(() => form.current?.querySelector<HTMLElement>('[data-first]')?.focus(), []);

  const unchanged = decision === 'edit' && (reply === draft || reply.trim() === '');
  const submit = (event?: Event): void => {
    event?.preventDefault();
    if (sending || unchanged) return;
    onSend({
      decision,
      ...(decision === 'edit' && { reply }),
      ...(note.trim() !== '' && { note: note.trim() }),
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
  };
  const { title, send } = TEXT[decision];
  return (
    <form ref={form} class="decision-form" onSubmit={submit} onKeyDown={onKeyDown}>
      <p class="small soft">{title}</p>
      {decision === 'edit' && (
        <textarea
          aria-label="Reply"
          data-first
          rows={5}
          maxLength={TEXT_CHARACTERS}
          value={reply}
          onInput={({ currentTarget }) => {
            setReply(currentTarget.value);
            onEdited(currentTarget.value);
          }}
        />
      )}
      <input
        aria-label="Note for the audit trail"
        placeholder="Note for the audit trail (not shown to the user)"
        maxLength={NOTE_CHARACTERS}
        data-first={decision === 'reject' ? true : undefined}
        value={note}
        onInput={({ currentTarget }) => setNote(currentTarget.value)}
      />
      <div class="row">
        <button
          type="submit"
          class={`primary ${decision === 'reject' ? 'danger' : ''}`}
          data-first={decision === 'approve' ? true : undefined}
          disabled={sending || unchanged}
        >
          {send} <kbd>Ctrl ↵</kbd>
        </button>
        <button type="button" onClick={onCancel}>
          Cancel <kbd>Esc</kbd>
        </button>
        {unchanged && <span class="small soft">No changes yet.</span>}
      </div>
    </form>
  );
}
