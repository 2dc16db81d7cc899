// The part of OpenAI's moderation format that the offline model supports. It flags a few fixed words, so that a review
// rule can be tried. It does not judge content.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { WireError } from './wire.ts';

/** Categories of OpenAI's moderation model, with the words that the offline model flags. Null: never flagged. */
const WORDS: Readonly<Record<string, RegExp | null>> = {
  harassment: /\b(idiot|stupid)\b/i,
  'harassment/threatening': null,
  hate: /\bi hate (you|them)\b/i,
  'hate/threatening': null,
  illicit: /\bshoplift/i,
  'illicit/violent': /\bbomb\b/i,
  'self-harm': /\bhurt myself\b/i,
  'self-harm/instructions': null,
  'self-harm/intent': /\bhurt myself\b/i,
  sexual: null,
  'sexual/minors': null,
  violence: /\b(kill|attack|bomb)\b/i,
  'violence/graphic': null,
};

const ModerationRequest = z.looseObject({
  model: z.string().min(1).nullish(),
  input: z.union([z.string(), z.array(z.string()).min(1)]),
});

/** Returns the texts of a moderation request. @throws WireError if the request is invalid */
export function parseModerationCall(body: string): readonly string[] {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new WireError(400, 'The body is not JSON.');
  }
  const { success, data } = ModerationRequest.safeParse(json);
  if (!success) throw new WireError(400, 'input: must be a string or an array of strings', null, 'input');
  return typeof data.input === 'string' ? [data.input] : data.input;
}

/** Builds the response to a moderation request. `flagged` returns the flagged categories of a text. */
export function moderations(texts: readonly string[], flagged: (text: string) => readonly string[], model: string) {
  const each = <T>(value: (category: string) => T) =>
    Object.fromEntries(Object.keys(WORDS).map((category) => [category, value(category)]));
  const results = texts.map((text) => {
    const found = flagged(text);
    return {
      flagged: found.length > 0,
      categories: each((category) => found.includes(category)),
      category_scores: each((category) => (found.includes(category) ? 0.9 : 0.01)),
      category_applied_input_types: each(() => ['text']),
    };
  });
  const id = `modr-${createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 24)}`;
  return { id, model, results };
}

/** The categories that the offline model flags in a text. */
export const flaggedByWords = (text: string): string[] =>
  Object.keys(WORDS).filter((category) => WORDS[category]?.test(text));
