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

/** A rule of the policy file. */
export interface ReviewRule {
  readonly name: string;
  readonly reason: string;
  readonly on: 'message' | 'reply';
  /** One of them, or the pattern, must be found. */
  readonly keywords: readonly string[];
  readonly pattern: RegExp | null;
}

export interface ReviewPolicy {
  /** Found anywhere in the user's message, in any case. */
  readonly keywords: readonly string[];
  readonly rules: readonly ReviewRule[];
}

/** Full-width and composed forms of the same letters must not slip past a keyword. */
const folded = (text: string): string => text.normalize('NFKC').toLowerCase();

const found = (keywords: readonly string[], text: string): string[] => {
  const searched = folded(text);
  return keywords.filter((keyword) => searched.includes(folded(keyword)));
};

const applies = ({ keywords, pattern }: ReviewRule, text: string): boolean =>
  found(keywords, text).length > 0 || (pattern !== null && pattern.test(text));

/** Why the reply needs a person; none: it does not. */
export const screen = ({ keywords, rules }: ReviewPolicy, turn: ScreenedTurn): Reason[] => [
  ...found(keywords, turn.message).map((keyword) => ({
    rule: 'keyword',
    detail: `The message contains “${keyword}”.`,
  })),
  ...rules.filter((rule) => applies(rule, turn[rule.on])).map(({ name, reason }) => ({ rule: name, detail: reason })),
];

/** Whether a reply to this message may be held, asked before there is a reply: its text must not be streamed then. */
export const mayBeHeld = (policy: ReviewPolicy, message: string): boolean =>
  policy.rules.some(({ on }) => on === 'reply') || screen(policy, { message, reply: '' }).length > 0;
