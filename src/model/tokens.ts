// Counts the tokens of texts: with OpenAI's tokenizers for the models that use them, otherwise with an estimate that is
// rather too high than too low (docs/decisions/0047-token-counts.md).

/** Number of tokens of a text. */
export type CountTokens = (text: string) => Promise<number>;

type Count = (text: string) => number;

/** The time of the tokenizers grows with the square of the length of a run without spaces, so texts are counted in parts. A
 *  part ends before a space if it can. Counted in parts a text has a few more tokens. */
const PART = /[\s\S]{1,256}(?=\s)|[\s\S]{1,256}/gu;

const sumOfParts = (count: Count, text: string): number =>
  (text.match(PART) ?? []).reduce((sum, part) => sum + count(part), 0);

/** The names of special tokens are ordinary text in messages. */
const AS_TEXT = { disallowedSpecial: new Set<string>() };

const TOKENIZERS = {
  o200k: () => import('gpt-tokenizer/encoding/o200k_base'),
  cl100k: () => import('gpt-tokenizer/encoding/cl100k_base'),
} as const;

/** Which models use which tokenizer. Gateways put the name of a provider before the name of the model. */
const FAMILIES: readonly (readonly [RegExp, keyof typeof TOKENIZERS])[] = [
  [/^(?:chat)?gpt-(?:4o|4\.[1-9]|[5-9]|oss)|^chatgpt|^o[1-9]/i, 'o200k'],
  [/^gpt-(?:4|3\.5)|^gpt-35/i, 'cl100k'],
];

const loaded = new Map<keyof typeof TOKENIZERS, Promise<Count>>();

/** Loads a tokenizer on its first use: it takes half a second and some 70 MB. */
function tokenizer(name: keyof typeof TOKENIZERS): Promise<Count> {
  const count =
    loaded.get(name) ??
    TOKENIZERS[name]().then(
      ({ countTokens }) =>
        (text) =>
          countTokens(text, AS_TEXT),
    );
  loaded.set(name, count);
  return count;
}

const WORD = /[A-Za-z]+|\s+|[\s\S]/gu;
/** A word as people write it: small letters, perhaps after a capital, and not longer than words are. */
const PLAIN_WORD = /^[A-Z]?[a-z]{0,14}$/;

function tokensOfPart(part: string): number {
  if (PLAIN_WORD.test(part)) return Math.ceil(part.length / 2);
  // Each letter: it may be part of a code or a key. Others than ASCII: tokenizers fall back to bytes.
  if (/^\s/.test(part)) return part === ' ' ? 0 : part.length;
  return Buffer.byteLength(part);
}

/** An estimate for any tokenizer. */
export const estimatedTokens = (text: string): number =>
  (text.match(WORD) ?? []).reduce((sum, part) => sum + tokensOfPart(part), 1);

/** Counts the tokens of texts for a model. */
export function tokenCounterOf(model: string): CountTokens {
  const name = model.slice(model.lastIndexOf('/') + 1);
  const family = FAMILIES.find(([pattern]) => pattern.test(name))?.[1];
  if (family === undefined) return async (text) => estimatedTokens(text);
  return async (text) => sumOfParts(await tokenizer(family), text);
}
