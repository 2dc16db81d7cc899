import { useEffect, useRef, useState } from 'preact/hooks';
import type { Decision } from '../api/derived.ts';
import { TEXT_CHARACTERS } from '../api/limits.ts';

const SAYS: Readonly<Record<Decision, { readonly title: string; readonly send: string }>> = {
  approve: { title: 'The user gets the draft as it is.', send: 'Approve' },
  edit: { title: 'The user gets this instead.', send: 'Send the edit' },
  reject: { title: 'The user is told that a reviewer rejected the reply, not why.', send: 'Reject' },
};

interface Props {
  readonly decision: Decision;
  readonly draft: string;
  readonly sending: boolean;
  readonly onEdited: (text: string) => void;
  readonly onSend: (body: { decision: Decision; reply?: string; note?: string }) => void;
  readonly onLeave: () => void;
}

/** A decision that is begun: its text, its note, and the button that sends it. Ctrl+Enter sends it from anywhere. */
export function DecisionForm({ decision, draft, sending, onEdited, onSend, onLeave }: Props) {
  const [reply, setReply] = useState(draft);
  const [note, setNote] = useState('');
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('[data-first]')?.focus(), []);

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
  const pressed = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
  };
  const { title, send } = SAYS[decision];
  return (
    <form ref={form} class="decision-form" onSubmit={submit} onKeyDown={pressed}>
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
        placeholder="Note for the audit trail (the user never sees it)"
        maxLength={4_000}
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
        <button type="button" onClick={onLeave}>
          Back <kbd>Esc</kbd>
        </button>
        {unchanged && <span class="small soft">Nothing is changed yet.</span>}
      </div>
    </form>
  );
}
