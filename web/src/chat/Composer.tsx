import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { BusyRule } from '../api/derived.ts';
import { TEXT_CHARACTERS } from '../api/limits.ts';
import { TagInput } from './TagInput.tsx';

const RULES: Readonly<Record<BusyRule, string>> = {
  enqueue: 'add to the queue',
  reject: 'do not send',
  interrupt: 'interrupt the reply',
  rollback: 'discard the reply',
  merge: 'merge into the queued turn',
};
const MAX_HEIGHT_PX = 220;

interface NewMessage {
  readonly text: string;
  readonly tags: readonly string[];
  readonly onBusy: BusyRule;
}

interface Props {
  /** A turn of the user is queued or running. */
  readonly busy: boolean;
  readonly onSend: (message: NewMessage) => Promise<void>;
  /** Further options of the message. */
  readonly children?: ComponentChildren;
}

/** The form for the next message. Enter sends it, Shift+Enter adds a line. */
export function Composer({ busy, onSend, children }: Props) {
  const [text, setText] = useState('');
  const [tags, setTags] = useState<readonly string[]>([]);
  const [onBusy, setOnBusy] = useState<BusyRule>('enqueue');
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const box = area.current!;
    box.style.height = 'auto';
    box.style.height = `${Math.min(box.scrollHeight + 2, MAX_HEIGHT_PX)}px`;
  }, [text]);

  const send = (event?: Event): void => {
    event?.preventDefault();
    if (text.trim() === '') return;
    setText('');
    void onSend({ text, tags, onBusy });
    area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  };
  return (
    <form class="composer" onSubmit={send}>
      <div class="measure">
        <label class="hidden" for="message">
          Message
        </label>
        <textarea
          id="message"
          ref={area}
          rows={1}
          value={text}
          maxLength={TEXT_CHARACTERS}
          placeholder="Message"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <div class="row options">
          <TagInput tags={tags} onTags={setTags} />
          {children}
          <label class="option small">
            <span class={busy ? 'busy' : 'soft'}>If busy</span>
            <select value={onBusy} onChange={({ currentTarget }) => setOnBusy(currentTarget.value as BusyRule)}>
              {Object.entries(RULES).map(([rule, label]) => (
                <option key={rule} value={rule}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <button class="primary" type="submit" disabled={text.trim() === ''}>
            Send
          </button>
        </div>
      </div>
    </form>
  );
}
