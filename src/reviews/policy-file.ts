// The policy file: more rules than keywords, as JSON. Everything that is wrong with it is found at once.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ReviewRule } from './policy.ts';

function compiled(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, 'iu');
  } catch {
    return null;
  }
}

const rule = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9_-]{1,64}$/, { error: 'must be 1 to 64 of a–z 0–9 _ -' }),
    reason: z.string().min(1).max(500),
    on: z.enum(['message', 'reply']),
    keywords: z.array(z.string().min(1).max(100)).max(1_000).default([]),
    pattern: z
      .string()
      .max(1_000)
      .refine((pattern) => compiled(pattern) !== null, { error: 'is no regular expression' })
      .optional(),
  })
  .refine(({ keywords, pattern }) => keywords.length > 0 || pattern !== undefined, {
    error: 'has neither keywords nor a pattern',
  })
  .transform(({ pattern, ...rest }): ReviewRule => ({
    ...rest,
    pattern: pattern === undefined ? null : compiled(pattern),
  }));

const policy = z.strictObject({
  rules: z.array(rule).max(1_000),
});

/** Names must tell rules apart; looked at by itself, so that it is told along with what else is wrong. */
function repeatedNames(content: unknown): string[] {
  const { data } = z.object({ rules: z.array(z.object({ name: z.unknown() })) }).safeParse(content);
  const names = data?.rules.map(({ name }) => name) ?? [];
  return names.flatMap((name, index) => (names.indexOf(name) < index ? [`rules.${index}.name: is there twice`] : []));
}

/** The rules of the file at `path`, or all that is wrong with it. */
export function readPolicyFile(path: string): { readonly rules: ReviewRule[]; readonly faults: readonly string[] } {
  let text: string;
  let content: unknown;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { rules: [], faults: [`it cannot be read: ${(error as Error).message}`] };
  }
  try {
    content = JSON.parse(text);
  } catch (error) {
    return { rules: [], faults: [`it is not JSON: ${(error as Error).message}`] };
  }
  const read = policy.safeParse(content);
  const issues = read.error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) ?? [];
  return { rules: read.data?.rules ?? [], faults: [...issues, ...repeatedNames(content)] };
}
