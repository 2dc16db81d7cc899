import { useState } from 'preact/hooks';
import { TEXT_CHARACTERS } from '../api/limits.ts';
import type { Review } from '../api/types.ts';
import { ArgumentFields } from './calls/ArgumentFields.tsx';
import { pretty, structuredOr, type Arguments, type Read } from './calls/arguments.ts';
import type { ContentKind } from './choices.ts';

/** What the reviewer has entered. */
export interface Entered {
  /** The members of the decision. */
  readonly content: { readonly reply?: string; readonly arguments?: Arguments; readonly result?: unknown };
  /** The text that is compared with what the model wrote; null: there is nothing to compare, or it is not valid. */
  readonly edited: string | null;
  /** Why it cannot be sent; null: it can. */
  readonly fault: string | null;
}

const NO_CHANGES = 'No changes yet.';

const replyEntered = (draft: string, reply: string): Entered => ({
  content: { reply },
  edited: reply,
  fault: reply === draft || reply.trim() === '' ? NO_CHANGES : null,
});

function argumentsEntered(initial: Arguments, read: Read<Arguments>): Entered {
  if ('fault' in read) return { content: {}, edited: null, fault: read.fault };
  const isSame = JSON.stringify(read.value) === JSON.stringify(initial);
  return { content: { arguments: read.value }, edited: pretty(read.value), fault: isSame ? NO_CHANGES : null };
}

const resultEntered = (result: string): Entered => ({
  content: { result: structuredOr(result) },
  edited: null,
  fault: result.trim() === '' ? 'Enter the result.' : null,
});

/** What is entered when the form opens. */
export function enteredAtStart({ draft, tool_call: call }: Review, kind: ContentKind | undefined): Entered {
  if (kind === 'reply') return replyEntered(draft ?? '', draft ?? '');
  if (kind === 'arguments') return argumentsEntered(call?.arguments ?? {}, { value: call?.arguments ?? {} });
  return kind === 'result' ? resultEntered('') : { content: {}, edited: null, fault: null };
}

interface Props {
  readonly kind: ContentKind;
  readonly review: Review;
  readonly onEntered: (entered: Entered) => void;
}

/** The fields of a decision besides the note. They keep their text when the review is loaded again. */
export function DecisionContent({ kind, review, onEntered }: Props) {
  const [{ draft, tool_call: call }] = useState(review);
  const [text, setText] = useState(kind === 'reply' ? (draft ?? '') : '');
  if (kind === 'arguments') {
    const initial = call?.arguments ?? {};
    return <ArgumentFields initial={initial} onRead={(read) => onEntered(argumentsEntered(initial, read))} />;
  }
  return (
    <textarea
      aria-label={kind === 'reply' ? 'Reply' : 'Result'}
      placeholder={kind === 'result' ? 'The result of the call: text, or an object or a list in JSON' : undefined}
      data-first
      rows={5}
      maxLength={TEXT_CHARACTERS}
      value={text}
      onInput={({ currentTarget: { value } }) => {
        setText(value);
        onEntered(kind === 'reply' ? replyEntered(draft ?? '', value) : resultEntered(value));
      }}
    />
  );
}
