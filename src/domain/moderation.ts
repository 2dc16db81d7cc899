// What moderation models are to be asked of a turn, and what their verdicts mean for its reply. Pure.
import { PARTS, type Part, type Reason, type ReviewPolicy, type ReviewRule } from './policy.ts';

/** What a model says of one part of a turn. */
export type Verdict =
  | { readonly flagged: boolean; readonly categories: readonly string[] }
  /** It said nothing; why. */
  | { readonly missing: string };

/** By model, then by part of the turn. */
export type Verdicts = ReadonlyMap<string, ReadonlyMap<Part, Verdict>>;

/** Which parts of the turn each model is to judge: every part once, however many rules ask. */
export function toBeJudged({ rules }: ReviewPolicy): ReadonlyMap<string, readonly Part[]> {
  const asked = new Map<string, Set<Part>>();
  for (const { moderation, on } of rules) {
    if (!moderation) continue;
    const parts = asked.get(moderation.model) ?? new Set();
    for (const part of on) parts.add(part);
    asked.set(moderation.model, parts);
  }
  return new Map([...asked].map(([model, parts]) => [model, PARTS.filter((part) => parts.has(part))]));
}

/** What is flagged of what the rule asks for, told of the part; null: nothing. */
function foundIn(part: Part, verdict: Verdict | undefined, wanted: readonly string[] | null): string | null {
  if (!verdict || 'missing' in verdict)
    return `There is no verdict on the ${part}: ${verdict?.missing ?? 'it was not asked for'}.`;
  const flagged = verdict.categories.filter((category) => !wanted || wanted.includes(category));
  if (flagged.length > 0) return `Flagged in the ${part}: ${flagged.join(', ')}.`;
  return !wanted && verdict.flagged ? `The ${part} is flagged.` : null;
}

function reasonOf({ name, reason, on, moderation }: ReviewRule, verdicts: Verdicts): Reason[] {
  if (!moderation) return [];
  const { model, categories } = moderation;
  const found = on.flatMap((part) => foundIn(part, verdicts.get(model)?.get(part), categories) ?? []);
  return found.length > 0 ? [{ rule: name, detail: [reason, ...found].join(' ') }] : [];
}

/** Why the reply needs a person by what the models say. A verdict that is not there is a reason too: what could not be
 *  judged is not taken to be harmless. */
export const moderationReasons = ({ rules }: ReviewPolicy, verdicts: Verdicts): Reason[] =>
  rules.flatMap((rule) => reasonOf(rule, verdicts));
