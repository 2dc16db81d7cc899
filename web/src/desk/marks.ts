// Which words of a text the reasons for its review name. Pure.
import type { ReviewReason } from '../api/types.ts';

export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

/** The words that reasons quote. */
export const wordsOf = (reasons: readonly ReviewReason[]): string[] => [
  ...new Set(reasons.flatMap(({ detail }) => [...detail.matchAll(/“([^”]+?)…?”/g)].map(([, word]) => word!))),
];

/** Other forms of the same letter are the same; letters that nobody sees are none; a line break is a space. */
const foldedCharacter = (character: string): string =>
  character
    .normalize('NFKC')
    .toLowerCase()
    .replace(/\p{Cf}/u, '')
    .replace(/\s/, ' ');

/** Folded as screening folds, with the place in the text that each folded character came from. */
function folded(text: string): { readonly letters: string; readonly from: readonly number[] } {
  let letters = '';
  const from: number[] = [];
  let at = 0;
  for (const character of text) {
    const fold = foldedCharacter(character);
    letters += fold;
    for (let n = 0; n < fold.length; n += 1) from.push(at);
    at += character.length;
  }
  return { letters, from: [...from, at] };
}

/** The text in pieces, those marked that are one of the words. */
export function piecesOf(text: string, words: readonly string[]): Piece[] {
  const { letters, from } = folded(text);
  const spans: [number, number][] = [];
  for (const word of words.map((each) => Array.from(each, foldedCharacter).join('')).filter((each) => each !== '')) {
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
