// Screening: which turns need review before the user sees the reply, and why. Pure: turns/screening.ts calls the
// moderation models.
import { visibleText } from './text.ts';
import { personalDataIn, type PersonalDataSearch } from './personal-data.ts';
import { foldedForm, foldedPattern, inWords, visibleForm } from './policy-text.ts';

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
  /** Searched for anywhere in the user's message, in its folded form. */
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

/** The forms of one text. Each is made once, when the first search needs it. */
class SearchedText {
  readonly raw: string;
  #visible: string | undefined;
  #folded: string | undefined;
  #words: string | undefined;

  constructor(raw: string) {
    this.raw = raw;
  }

  get visible(): string {
    return (this.#visible ??= visibleForm(this.raw));
  }

  get folded(): string {
    return (this.#folded ??= foldedForm(this.raw));
  }

  /** For keywords. */
  get words(): string {
    return (this.#words ??= inWords(this.folded));
  }
}

/** The forms of the keywords and patterns of a policy, which many turns use. */
const keywordForms = new WeakMap<readonly string[], readonly string[]>();
const patternForms = new WeakMap<RegExp, RegExp>();

function formOf<K extends object, V>(forms: WeakMap<K, V>, key: K, make: (key: K) => V): V {
  const form = forms.get(key) ?? make(key);
  forms.set(key, form);
  return form;
}

/** The keyword as it is searched for; empty: it has no visible character. */
export const keywordForm = (keyword: string): string => inWords(foldedForm(keyword));

function found(keywords: readonly string[], text: SearchedText): string[] {
  if (keywords.length === 0) return [];
  const forms = formOf(keywordForms, keywords, (all) => all.map(keywordForm));
  return keywords.filter((_keyword, index) => text.words.includes(forms[index]!));
}

/** The first match of the pattern in the text, in its visible form, or in its folded form. */
function matchOf(pattern: RegExp, text: SearchedText): string | undefined {
  const inText = pattern.exec(text.raw) ?? (text.visible === text.raw ? null : pattern.exec(text.visible));
  return (inText ?? formOf(patternForms, pattern, foldedPattern).exec(text.folded))?.[0];
}

const shown = (match: string): string => {
  const line = match.replaceAll(/\s+/g, ' ').trim();
  return `“${line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH).toWellFormed()}…` : line}”`;
};

/** What the rule finds in a text without a moderation model, as it is shown to the reviewer. */
function findsOf({ keywords, pattern, personalData }: ReviewRule, text: SearchedText): string[] {
  const match = pattern === null ? undefined : matchOf(pattern, text);
  const data = personalData === null ? [] : personalDataIn(visibleText(text.raw), personalData, SHOWN);
  return [
    ...found(keywords, text).slice(0, SHOWN).map(shown),
    ...(match === undefined ? [] : [match === '' ? 'the pattern' : shown(match)]),
    ...data.map((find) => `${shown(find.text)} (${find.kind.replaceAll('_', ' ')})`),
  ];
}

function reasonOf(rule: ReviewRule, turn: Readonly<Record<Part, SearchedText>>): Reason[] {
  const sentences = rule.on.flatMap((part) => {
    const finds = findsOf(rule, turn[part]);
    return finds.length > 0 ? [`Found in the ${part}: ${finds.join(', ')}.`] : [];
  });
  return sentences.length > 0 ? [{ rule: rule.name, detail: [rule.reason, ...sentences].join(' ') }] : [];
}

/** Why the reply needs review according to keywords and rules, without moderation models; empty: no reason. */
export function screen({ keywords, rules }: ReviewPolicy, turn: ScreenedTurn): Reason[] {
  const searched = { message: new SearchedText(turn.message), reply: new SearchedText(turn.reply) };
  return [
    ...found(keywords, searched.message).map((keyword) => ({
      rule: 'keyword',
      detail: `The message contains “${keyword}”.`,
    })),
    ...rules.flatMap((rule) => reasonOf(rule, searched)),
  ];
}

/** Whether a reply to this message may need review, decided before the reply exists. Such a reply must not be streamed.
 *  No moderation model has been called by then, so a rule with one always counts. */
export const mayNeedReview = (policy: ReviewPolicy, message: string): boolean =>
  policy.rules.some(({ on, moderation }) => on.includes('reply') || moderation !== null) ||
  screen(policy, { message, reply: '' }).length > 0;
