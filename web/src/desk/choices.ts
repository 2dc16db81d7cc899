// The decisions that each kind of review takes, with their words and keys. Pure.
import type { Decision, ReviewKind } from '../api/derived.ts';
import type { ListedReview } from '../api/types.ts';

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
  /** The model reads the note; `required`: there must be one. */
  readonly noteToModel?: 'optional' | 'required';
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
  {
    decision: 'revise',
    label: 'Return',
    key: 'v',
    title: 'The model writes a new draft from this one and your note. This review stays open.',
    send: 'Ask for a new draft',
    noteToModel: 'required',
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
    title: 'The call is not made. The model receives that a person declined it, with your note.',
    send: 'Reject',
    noteToModel: 'optional',
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
    title: 'The call was not carried out. The model receives this, with your note.',
    send: 'Confirm: not done',
    noteToModel: 'optional',
  },
  {
    decision: 'retry',
    label: 'Retry',
    key: 't',
    title: 'The call is made again. If the first one was carried out, its effect may happen twice.',
    send: 'Retry',
  },
];

const CHOICES: Readonly<Record<ReviewKind, readonly Choice[]>> = {
  reply: REPLY,
  tool_call: TOOL_CALL,
  tool_outcome: TOOL_OUTCOME,
};

/** The decisions that a review takes now. While a new draft is being written it can only be rejected. */
export const choicesOf = ({ kind, drafting }: Pick<ListedReview, 'kind' | 'drafting'>): readonly Choice[] =>
  drafting ? CHOICES[kind].filter(({ decision }) => decision === 'reject') : CHOICES[kind];

export const KINDS: Readonly<Record<ReviewKind, string>> = {
  reply: 'Replies',
  tool_call: 'Calls',
  tool_outcome: 'Unknown outcomes',
};
