// Finds the words that the reasons of a review quote. Pure.
import type { ReviewReason } from '../api/types.ts';

export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

/** The words that reasons quote. */
export const wordsOf = (reasons: readonly ReviewReason[]): string[] => [
  ...new Set(reasons.flatMap(({ detail }) => [...detail.matchAll(/“([^”]+?)…?”/g)].map(([, word]) => word!))),
];

/** What screening does not see: invisible characters, the Arabic tatweel, and accents (src/domain/policy-text.ts). */
const IGNORED =
  /[\p{Default_Ignorable_Code_Point}\u0640]|(?![\s\u0085])\p{C}|(?=\p{M})(?![\u3099\u309A])[\p{Script=Inherited}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}]|[\u093C\u09BC\u0A3C\u0ABC\u0B3C\u0C3C\u0CBC]/gu;

/** Space, or a character with what belongs to it: marks, the other letters of a syllable of Hangul, ignored characters. */
const LETTER =
  /[\s\u0085]|[^](?:(?![\s\u0085])[\p{M}\p{C}\p{Default_Ignorable_Code_Point}\u0640\u1160-\u11FF\u3131-\u318E\uD7B0-\uD7FB\uFF9E-\uFFDC])*/gu;

/** Folds a letter as screening does. */
const foldLetter = (letter: string): string =>
  letter
    .replaceAll(IGNORED, '')
    .replaceAll(/[´\u1FBD\u1FBF\u1FFE]/g, "'")
    .replaceAll('″', '"')
    .normalize('NFKD')
    .replaceAll(IGNORED, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .replaceAll(/[\p{Pd}\u2212\u2043\u02D7]/gu, '-')
    .replaceAll(/[`‘’‚‛‹›′ʹʻʼʽʾʿˈˊˋ❛❜\u055A\u05F3\uA78B\uA78C]/g, "'")
    .replaceAll(/[“”„‟«»❝❞〝〞〟ʺˮ\u05F4]/g, '"')
    .replaceAll(/[\s\u0085]+/g, ' ')
    .normalize('NFC');

interface Folded {
  readonly letters: string;
  /** Where the letter of each folded character begins and ends in the text. */
  readonly spans: readonly (readonly [begin: number, end: number])[];
}

/** Folds the text as screening folds it for keywords. */
export function fold(text: string): Folded {
  let letters = '';
  const spans: (readonly [number, number])[] = [];
  for (const { 0: letter, index } of text.matchAll(LETTER)) {
    for (const character of foldLetter(letter).split('')) {
      if (character === ' ' && letters.endsWith(' ')) continue;
      letters += character;
      spans.push([index, index + letter.length]);
    }
  }
  return { letters, spans };
}

/** Splits the text into pieces; those that match one of the words are marked. */
export function piecesOf(text: string, words: readonly string[]): Piece[] {
  const { letters, spans } = fold(text);
  const marks: [number, number][] = [];
  for (const word of words.map((each) => fold(each).letters).filter((each) => each.trim() !== '')) {
    for (let at = letters.indexOf(word); at >= 0; at = letters.indexOf(word, at + word.length)) {
      marks.push([spans[at]![0], spans[at + word.length - 1]![1]]);
    }
  }
  const pieces: Piece[] = [];
  let done = 0;
  for (const [begin, end] of marks.toSorted(([a], [b]) => a - b)) {
    if (end <= done) continue;
    if (begin > done) pieces.push({ text: text.slice(done, begin), marked: false });
    pieces.push({ text: text.slice(Math.max(begin, done), end), marked: true });
    done = end;
  }
  if (done < text.length) pieces.push({ text: text.slice(done), marked: false });
  return pieces;
}
