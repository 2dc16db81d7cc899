// The policy file: review rules in JSON, in addition to the keywords. All faults of a file are reported together.
import { getCountries } from 'libphonenumber-js';
import { z } from 'zod';
import { jsonIn, readFileText, type FileText } from './file-text.ts';
import { PERSONAL_DATA } from './personal-data.ts';
import { keywordForm, PARTS, type ReviewRule } from './policy.ts';

const DEFAULT_MODERATION_MODEL = 'omni-moderation-latest';

function compiled(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, 'iu');
  } catch {
    return null;
  }
}

const part = z.enum(PARTS);
/** An invisible keyword would be found in every text. */
const keyword = z
  .string()
  .max(100)
  .refine((word) => keywordForm(word).trim() !== '', { error: 'has no visible character' });
const distinct = (items: readonly string[]): boolean => new Set(items).size === items.length;

/** Checks across fields run even if single fields are invalid, so that all faults are reported together. */
const when = ({ value }: { value: unknown }): boolean => typeof value === 'object' && value !== null;

/** The fields of a rule that search for something. */
const SEARCHES = ['keywords', 'pattern', 'personal_data', 'moderation'] as const;

const rule = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 of a–z 0–9 _ -' }),
    reason: z.string().min(1).max(500),
    on: z.union([part, z.array(part).min(1).refine(distinct, { error: 'has a duplicate' })], {
      error: `must be ${PARTS.join(' or ')}, or a list of them`,
    }),
    keywords: z.array(keyword).min(1).max(1_000).optional(),
    pattern: z
      .string()
      .max(1_000)
      .refine((pattern) => compiled(pattern) !== null, { error: 'is not a valid regular expression' })
      .optional(),
    personal_data: z.array(z.enum(PERSONAL_DATA)).min(1).refine(distinct, { error: 'has a duplicate' }).optional(),
    country: z.enum(getCountries(), { error: 'must be an ISO 3166 country code, such as DE' }).optional(),
    moderation: z
      .strictObject({
        model: z.string().min(1).max(200).default(DEFAULT_MODERATION_MODEL),
        categories: z.array(z.string().min(1).max(100)).min(1).max(100).optional(),
      })
      .optional(),
  })
  .refine((fields) => SEARCHES.some((search) => fields[search] !== undefined), {
    error: `has none of ${SEARCHES.join(', ')}`,
    when,
  })
  .refine(
    ({ country, personal_data: kinds }) => country === undefined || (Array.isArray(kinds) && kinds.includes('phone')),
    {
      error: 'has a country, but personal_data does not contain phone',
      when,
    },
  )
  .transform(({ name, reason, on, keywords, pattern, personal_data: kinds, country, moderation }): ReviewRule => ({
    name,
    reason,
    on: typeof on === 'string' ? [on] : on,
    keywords: keywords ?? [],
    pattern: pattern === undefined ? null : compiled(pattern),
    personalData: kinds ? { kinds, country: country ?? null } : null,
    moderation: moderation ? { model: moderation.model, categories: moderation.categories ?? null } : null,
  }));

const policy = z.strictObject({
  rules: z.array(rule).max(1_000),
});

/** Names must be unique. This is a separate check, so that its faults are reported together with all others. */
function repeatedNames(content: unknown): string[] {
  const named = z.object({ name: z.string().nullable() }).catch({ name: null });
  const { data } = z.object({ rules: z.array(named) }).safeParse(content);
  const names = data?.rules.map(({ name }) => name) ?? [];
  return names.flatMap((name, index) =>
    name !== null && names.indexOf(name) < index ? [`rules.${index}.name: is used twice`] : [],
  );
}

export interface ReadPolicy {
  readonly rules: readonly ReviewRule[];
  /** All faults; empty: the rules are valid. */
  readonly faults: readonly string[];
}

/** The rules of a policy file's text, or all its faults. */
export function parsePolicy(read: FileText): ReadPolicy {
  const json = jsonIn(read);
  if ('fault' in json) return { rules: [], faults: [json.fault] };
  const parsed = policy.safeParse(json.content);
  const issues = parsed.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
  return { rules: parsed.data?.rules ?? [], faults: [...issues, ...repeatedNames(json.content)] };
}

/** The file as it was read when the process started. */
export interface PolicyFile extends ReadPolicy {
  readonly path: string;
  readonly read: FileText;
}

export function readPolicyFile(path: string): PolicyFile {
  const read = readFileText(path);
  return { path, read, ...parsePolicy(read) };
}
