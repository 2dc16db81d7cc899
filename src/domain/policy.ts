// Screening: which turns need review before the user sees the reply, and why. Pure: turns/screening.ts calls the
// moderation models.
import { visibleText } from './text.ts';
import { personalDataIn, type PersonalDataSearch } from './personal-data.ts';

/** Why a turn went to review. */
export interface Reason {
  /** Name of the rule. */
  readonly rule: string;
  /** For the reviewer: what the rule found. */
  readonly detail: string;
}

/** The parts of a turn: the user's message and the model's reply. */
export const PARTS = ['message', 'reply'] as const;
export type Part = (typeof PARTS)[number];

export type ScreenedTurn = Readonly<Record<Part, string>>;

export interface Moderation {
  readonly model: string;
  /** Only these categories count; null: everything that the model flags. */
  readonly categories: readonly string[] | null;
}

/** A rule of the policy file, with one or more searches. If any of them finds something, the turn needs review. */
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
  /** Searched for anywhere in the user's message, ignoring case. */
  readonly keywords: readonly string[];
  readonly rules: readonly ReviewRule[];
}

/** The policy in force. A turn is screened by the policy of the time of its claim. */
export interface PolicySource {
  readonly current: ReviewPolicy;
}

/** What a reason shows of each search of a rule: at most so many matches, and so many characters of each. */
const SHOWN = 5;
const SHOWN_LENGTH = 100;

/** The text without case, compatibility forms and invisible characters, so that these do not hide a keyword. */
const folded = (text: string): string => visibleText(text).toLowerCase();

const found = (keywords: readonly string[], text: string): string[] => {
  const searched = folded(text);
  return keywords.filter((keyword) => searched.includes(folded(keyword)));
};

const shown = (match: string): string => {
  const line = match.replaceAll(/\s+/g, ' ').trim();
  return `“${line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH).toWellFormed()}…` : line}”`;
};

/** What the rule finds in a text without a moderation model, as it is shown to the reviewer. */
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
  const sentences = rule.on.flatMap((part) => {
    const finds = findsOf(rule, turn[part]);
    return finds.length > 0 ? [`Found in the ${part}: ${finds.join(', ')}.`] : [];
  });
  return sentences.length > 0 ? [{ rule: rule.name, detail: [rule.reason, ...sentences].join(' ') }] : [];
}

/** Why the reply needs review according to keywords and rules, without moderation models; empty: no reason. */
export const screen = ({ keywords, rules }: ReviewPolicy, turn: ScreenedTurn): Reason[] => [
  ...found(keywords, turn.message).map((keyword) => ({
    rule: 'keyword',
    detail: `The message contains “${keyword}”.`,
  })),
  ...rules.flatMap((rule) => reasonOf(rule, turn)),
];

/** Whether a reply to this message may need review, decided before the reply exists. Such a reply must not be streamed.
 *  No moderation model has been called by then, so a rule with one always counts. */
export const mayNeedReview = (policy: ReviewPolicy, message: string): boolean =>
  policy.rules.some(({ on, moderation }) => on.includes('reply') || moderation !== null) ||
  screen(policy, { message, reply: '' }).length > 0;
