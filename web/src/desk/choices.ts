// The decisions that each kind of review takes, with their words and keys. Pure.
import type { Decision, ReviewKind } from '../api/derived.ts';

/** What a decision says besides itself and the note. */
export type ContentKind = 'reply' | 'arguments' | 'result';

export interface Choice {
  readonly decision: Decision;
  readonly label: string;
  readonly key: string;
  readonly tone?: 'primary' | 'danger';
  /** What the decision does. */
  readonly title: string;
  /** The label of the button that sends it. */
  readonly send: string;
  /** What the reviewer enters besides the note. */
  readonly content?: ContentKind;
  /** The model reads the note. */
  readonly noteToModel?: true;
}

const REPLY: readonly Choice[] = [
  {
    decision: 'approve',
    label: 'Approve',
    key: 'a',
    tone: 'primary',
    title: 'The user receives the draft unchanged.',
    send: 'Approve',
  },
  {
    decision: 'edit',
    label: 'Edit',
    key: 'e',
    title: 'The user receives this text instead of the draft.',
    send: 'Send edit',
    content: 'reply',
  },
  {
    decision: 'reject',
    label: 'Reject',
    key: 'r',
    tone: 'danger',
    title: 'The user sees that a reviewer rejected the message. Your note is not shown.',
    send: 'Reject',
  },
];

const TOOL_CALL: readonly Choice[] = [
  {
    decision: 'approve',
    label: 'Approve',
    key: 'a',
    tone: 'primary',
    title: 'The call is made once, with exactly these arguments.',
    send: 'Approve',
  },
  {
    decision: 'edit',
    label: 'Edit',
    key: 'e',
    title: 'The call is made with these arguments instead.',
    send: 'Approve edit',
    content: 'arguments',
  },
  {
    decision: 'reject',
    label: 'Reject',
    key: 'r',
    tone: 'danger',
    title: 'The call is not made. The model is told that a person declined it, with your note.',
    send: 'Reject',
    noteToModel: true,
  },
  {
    decision: 'respond',
    label: 'Respond',
    key: 's',
    title: 'The call is not made. The model receives this text as its result.',
    send: 'Send result',
    content: 'result',
  },
];

const TOOL_OUTCOME: readonly Choice[] = [
  {
    decision: 'respond',
    label: 'Respond',
    key: 's',
    title: 'The call was carried out. The model receives this text as its result.',
    send: 'Send result',
    content: 'result',
  },
  {
    decision: 'reject',
    label: 'Not done',
    key: 'r',
    tone: 'danger',
    title: 'The call was not carried out. The model is told so, with your note.',
    send: 'Confirm: not done',
    noteToModel: true,
  },
  {
    decision: 'retry',
    label: 'Retry',
    key: 't',
    title: 'The call is made again. If the first one was carried out, its effect may happen twice.',
    send: 'Retry',
  },
];

export const CHOICES: Readonly<Record<ReviewKind, readonly Choice[]>> = {
  reply: REPLY,
  tool_call: TOOL_CALL,
  tool_outcome: TOOL_OUTCOME,
};

export const KINDS: Readonly<Record<ReviewKind, string>> = {
  reply: 'Replies',
  tool_call: 'Calls',
  tool_outcome: 'Unknown outcomes',
};
