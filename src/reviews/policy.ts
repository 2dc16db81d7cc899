// Screening: which turns a person must see before the user does, and why. Pure.

/** Why a turn went to review. */
export interface Reason {
  /** Name of the rule. */
  readonly rule: string;
  /** For the reviewer: what the rule found. */
  readonly detail: string;
}

export interface ScreenedTurn {
  readonly message: string;
  readonly reply: string;
}

export interface ReviewPolicy {
  /** Found anywhere in the user's message, in any case. */
  readonly keywords: readonly string[];
}

/** Full-width and composed forms of the same letters must not slip past a keyword. */
const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

function keywordReasons(keywords: readonly string[], message: string): Reason[] {
  const searched = folded(message);
  return keywords
    .filter((keyword) => searched.includes(folded(keyword)))
    .map((keyword) => ({ rule: 'keyword', detail: `The message contains “${keyword}”.` }));
}

/** Why the reply needs a person; none: it does not. */
export const screen = (policy: ReviewPolicy, { message }: ScreenedTurn): Reason[] =>
  keywordReasons(policy.keywords, message);

/** Whether a reply to this message may be held, asked before there is a reply: its text must not be streamed then. */
export const mayBeHeld = (policy: ReviewPolicy, message: string): boolean =>
  screen(policy, { message, reply: '' }).length > 0;
