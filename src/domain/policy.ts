// Screening: which turns a person must see before the user does, and why. Pure; what a moderation model says of a turn
// is asked elsewhere (turns/screening.ts).
import { visibleText } from './text.ts';
import { personalDataIn, type PersonalDataSearch } from './personal-data.ts';

/** Why a turn went to review. */
export interface Reason {
  /** Name of the rule. */
  readonly rule: string;
  /** For the reviewer: what the rule found. */
  readonly detail: string;
}

/** What the user said, and what the model would say. */
export const PARTS = ['message', 'reply'] as const;
export type Part = (typeof PARTS)[number];

export type ScreenedTurn = Readonly<Record<Part, string>>;

export interface Moderation {
  readonly model: string;
  /** Only these count; null: whatever the model flags. */
  readonly categories: readonly string[] | null;
}

/** A rule of the policy file. It looks for one or more of these; any one that is found is a reason. */
export interface ReviewRule {
  readonly name: string;
  readonly reason: string;
  readonly on: readonly Part[];
  readonly keywords: readonly string[];
  readonly pattern: RegExp | null;
  readonly personalData: PersonalDataSearch | null;
  readonly moderation: Moderation | null;
}

export interface ReviewPolicy {
  /** Found anywhere in the user's message, in any case. */
  readonly keywords: readonly string[];
  readonly rules: readonly ReviewRule[];
}

/** The policy in force. A turn takes it once, when it is claimed, and keeps to it until it ends. */
export interface PolicySource {
  readonly current: ReviewPolicy;
}

/** Of what a rule finds, so many are shown, and so many characters of each. */
const SHOWN = 5;
const SHOWN_LENGTH = 100;

/** Other forms of the same letters, and letters that nobody sees, must not slip past a keyword. */
const folded = (text: string): string => visibleText(text).toLowerCase();

const found = (keywords: readonly string[], text: string): string[] => {
  const searched = folded(text);
  return keywords.filter((keyword) => searched.includes(folded(keyword)));
};

const shown = (match: string): string => {
  const line = match.replaceAll(/\s+/g, ' ').trim();
  return `“${line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH).toWellFormed()}…` : line}”`;
};

/** What the rule finds in a text by itself, as it is shown to the reviewer. */
function findsOf({ keywords, pattern, personalData }: ReviewRule, text: string): string[] {
  const match = pattern?.exec(text)?.[0];
  const data = personalData === null ? [] : personalDataIn(visibleText(text), personalData, SHOWN);
  return [
    ...found(keywords, text).slice(0, SHOWN).map(shown),
    ...(match === undefined ? [] : [match === '' ? 'the pattern' : shown(match)]),
    ...data.map((find) => `${shown(find.text)} (${find.kind.replaceAll('_', ' ')})`),
  ];
}

function reasonOf(rule: ReviewRule, turn: ScreenedTurn): Reason[] {
  const places = rule.on.flatMap((part) => {
    const finds = findsOf(rule, turn[part]);
    return finds.length > 0 ? [`Found in the ${part}: ${finds.join(', ')}.`] : [];
  });
  return places.length > 0 ? [{ rule: rule.name, detail: [rule.reason, ...places].join(' ') }] : [];
}

/** Why the reply needs a person, as far as the policy itself can tell; none: it finds nothing. */
export const screen = ({ keywords, rules }: ReviewPolicy, turn: ScreenedTurn): Reason[] => [
  ...found(keywords, turn.message).map((keyword) => ({
    rule: 'keyword',
    detail: `The message contains “${keyword}”.`,
  })),
  ...rules.flatMap((rule) => reasonOf(rule, turn)),
];

/** Whether a reply to this message may be held, asked before there is a reply: its text must not be streamed then. A
 *  moderation model has not been asked by then, so a rule with one may always hold. */
export const mayBeHeld = (policy: ReviewPolicy, message: string): boolean =>
  policy.rules.some(({ on, moderation }) => on.includes('reply') || moderation !== null) ||
  screen(policy, { message, reply: '' }).length > 0;
