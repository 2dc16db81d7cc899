// Which parts of a turn the moderation models judge, and what their verdicts mean for the reply. Pure.
import { PARTS, type Part, type Reason, type ReviewPolicy, type ReviewRule } from './policy.ts';

/** A model's verdict on one part of a turn. */
export type Verdict =
  | { readonly flagged: boolean; readonly categories: readonly string[] }
  /** The model gave no verdict, for this reason. */
  | { readonly missing: string };

/** By model, then by part of the turn. */
export type Verdicts = ReadonlyMap<string, ReadonlyMap<Part, Verdict>>;

/** The parts of the turn that each model has to judge. A model judges a part once, however many rules need it. */
export function partsToModerate({ rules }: ReviewPolicy): ReadonlyMap<string, readonly Part[]> {
  const partsOf = new Map<string, Set<Part>>();
  for (const { moderation, on } of rules) {
    if (!moderation) continue;
    const parts = partsOf.get(moderation.model) ?? new Set();
    for (const part of on) parts.add(part);
    partsOf.set(moderation.model, parts);
  }
  return new Map([...partsOf].map(([model, parts]) => [model, PARTS.filter((part) => parts.has(part))]));
}

/** A sentence about what the rule finds in one part; null: nothing. */
function foundIn(part: Part, verdict: Verdict | undefined, wanted: readonly string[] | null): string | null {
  if (!verdict || 'missing' in verdict)
    return `There is no verdict on the ${part}: ${verdict?.missing ?? 'none was requested'}.`;
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

/** Why the reply needs review according to the verdicts. A missing verdict is a reason too: a part that could not be
 *  judged is not assumed to be harmless. */
export const moderationReasons = ({ rules }: ReviewPolicy, verdicts: Verdicts): Reason[] =>
  rules.flatMap((rule) => reasonOf(rule, verdicts));
