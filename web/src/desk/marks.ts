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

/** Normalises a character: NFKC, lower case, format characters removed, white space as a space. */
const foldCharacter = (character: string): string =>
  character
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cf}/u, '')
    .replace(/\s/, ' ');

/** The text folded as screening folds it, with the index in the text of each folded character. */
function fold(text: string): { readonly letters: string; readonly from: readonly number[] } {
  let letters = '';
  const from: number[] = [];
  let at = 0;
  for (const character of text) {
    const folded = foldCharacter(character);
    letters += folded;
    for (let n = 0; n < folded.length; n += 1) from.push(at);
    at += character.length;
  }
  return { letters, from: [...from, at] };
}

/** Splits the text into pieces; those that match one of the words are marked. */
export function piecesOf(text: string, words: readonly string[]): Piece[] {
  const { letters, from } = fold(text);
  const spans: [number, number][] = [];
  for (const word of words.map((each) => Array.from(each, foldCharacter).join('')).filter((each) => each !== '')) {
    for (let at = letters.indexOf(word); at >= 0; at = letters.indexOf(word, at + word.length)) {
      spans.push([from[at]!, from[at + word.length]!]);
    }
  }
  const pieces: Piece[] = [];
  let done = 0;
  for (const [begin, end] of spans.toSorted(([a], [b]) => a - b)) {
    if (end <= done) continue;
    if (begin > done) pieces.push({ text: text.slice(done, begin), marked: false });
    pieces.push({ text: text.slice(Math.max(begin, done), end), marked: true });
    done = end;
  }
  if (done < text.length) pieces.push({ text: text.slice(done), marked: false });
  return pieces;
}
