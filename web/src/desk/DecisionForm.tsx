import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Decision } from '../api/derived.ts';
import { NOTE_CHARACTERS } from '../api/limits.ts';
import type { Review } from '../api/types.ts';
import type { Choice } from './choices.ts';
import { DecisionContent, enteredAtStart, type Entered } from './DecisionContent.tsx';

/** A decision as it is sent, without the hash of what the reviewer saw. */
export type DecisionBody = Entered['content'] & { readonly decision: Decision; readonly note?: string };

interface Props {
  readonly choice: Choice;
  readonly review: Review;
  readonly sending: boolean;
  readonly onEdited: (text: string | null) => void;
  readonly onSend: (body: DecisionBody) => void;
  readonly onCancel: () => void;
}

/** The form of an open decision: its content, note and submit button. Ctrl+Enter in any field sends it. */
export function DecisionForm({ choice, review, sending, onEdited, onSend, onCancel }: Props) {
  const { decision, content, tone, title, send, noteToModel } = choice;
  const [entered, setEntered] = useState(() => enteredAtStart(review, content));
  const [note, setNote] = useState('');
  const form = useRef<HTMLFormElement>(null);
  // Before the form is painted: a key that is pressed as soon as it appears is text of its first field.
  useLayoutEffect(() => {
    form.current?.querySelector<HTMLElement>('[data-first]')?.focus();
    onEdited(entered.edited);
  }, []);

  const enter = (changed: Entered): void => {
    setEntered(changed);
    // While the text is not valid, the changes before stay on the screen.
    if (changed.edited !== null) onEdited(changed.edited);
  };
  const submit = (event?: Event): void => {
    event?.preventDefault();
    if (sending || fault !== null) return;
    onSend({ decision, ...entered.content, ...(note.trim() !== '' && { note: note.trim() }) });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
  };
  const fault = entered.fault ?? (noteToModel === 'required' && note.trim() === '' ? 'Write what to change.' : null);
  const noteLabel = noteToModel ? 'Note for the model and the audit trail' : 'Note for the audit trail';
  const startsAtNote = content === undefined && (decision === 'reject' || decision === 'revise');
  return (
    <form ref={form} class="decision-form" onSubmit={submit} onKeyDown={onKeyDown}>
      <p class="small soft">{title}</p>
      {content !== undefined && <DecisionContent kind={content} review={review} onEntered={enter} />}
      <input
        aria-label={noteLabel}
        placeholder={`${noteLabel} (${noteToModel ?? 'not shown to the user'})`}
        maxLength={NOTE_CHARACTERS}
        data-first={startsAtNote ? true : undefined}
        value={note}
        onInput={({ currentTarget }) => setNote(currentTarget.value)}
      />
      <div class="row">
        <button
          type="submit"
          class={`primary ${tone === 'danger' ? 'danger' : ''}`}
          data-first={content === undefined && !startsAtNote ? true : undefined}
          disabled={sending || fault !== null}
        >
          {send} <kbd>Ctrl ↵</kbd>
        </button>
        <button type="button" onClick={onCancel}>
          Cancel <kbd>Esc</kbd>
        </button>
        {fault !== null && <span class="small soft">{fault}</span>}
      </div>
    </form>
  );
}
