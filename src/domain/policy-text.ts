// How screening reads a text: as a person sees it, whatever characters it is written with. All functions are linear in
// the length of the text, also of a hostile one. The desk marks words with the same rules (web/src/desk/marks.ts). Pure.
import { withShortMarkRuns } from './text.ts';

/** Invisible characters: zero-width characters, soft hyphens, variation selectors, bidi controls, tags, control
 *  characters that are no white space, and characters without a meaning of their own. The Arabic tatweel only makes a
 *  word longer. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u0640]|(?![\s\u0085])\p{C}/gu;

/** Accents, points and strokes on a letter. Not the marks of Indic and South-East Asian scripts, which are vowels, nor the
 *  voiced sound marks of kana, which make other letters; of the Indic marks only the nukta. */
const ACCENT =
  /(?=\p{M})(?![\u3099\u309A])[\p{Script=Inherited}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}]|[\u093C\u09BC\u0A3C\u0ABC\u0B3C\u0C3C\u0CBC]/u;
const IGNORED = new RegExp(`${INVISIBLE.source}|${ACCENT.source}`, 'gu');

/** Characters with many forms that look alike or mean the same; any other match of VARIANTS is a space. */
const SAME: readonly (readonly [form: string, characters: RegExp])[] = [
  ['-', /[\p{Pd}\u2212\u2043\u02D7]/u],
  ["'", /[`‘’‚‛‹›′ʹʻʼʽʾʿˈˊˋ❛❜\u055A\u05F3\uA78B\uA78C]/u],
  ['"', /[“”„‟«»❝❞〝〞〟ʺˮ\u05F4]/u],
  ['σ', /ς/u],
];
const VARIANTS =
  /(?![ \n\t-])[\s\u0085\p{Pd}\u2212\u2043\u02D7`‘’‚‛‹›′ʹʻʼʽʾʿˈˊˋ❛❜\u055A\u05F3\uA78B\uA78C“”„‟«»❝❞〝〞〟ʺˮ\u05F4ς]/gu;
const formOf = (character: string): string => SAME.find(([, characters]) => characters.test(character))?.[0] ?? ' ';

/** Characters that have no other form than the one in the other case. */
const PLAIN = /^[\t\n -_a-~]*$/;

const unified = (text: string): string => text.replaceAll(VARIANTS, formOf);

/** Normalisation would take these apostrophes for a space with an accent, and this quotation mark for two apostrophes. */
const withApostrophes = (text: string): string => text.replaceAll(/[´\u1FBD\u1FBF\u1FFE]/g, "'").replaceAll('″', '"');

/** The text without invisible characters, with one form of each width, dash, apostrophe and space. Case, accents, line
 *  breaks and tabs are kept. */
export function visibleForm(text: string): string {
  if (PLAIN.test(text)) return text;
  const visible = withShortMarkRuns(withApostrophes(text.replaceAll(INVISIBLE, '')));
  return unified(visible.normalize('NFKC').replaceAll(INVISIBLE, ''));
}

/** The letter of upper and lower case, by full case folding: ß, ẞ and ss are one, and so are I, İ, i and ı. The capital ẞ
 *  has a small letter first. */
const caseless = (text: string): string => text.toLowerCase().toUpperCase().toLowerCase();

/** The visible form without case and accents. */
export function foldedForm(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  const bare = withShortMarkRuns(withApostrophes(text.replaceAll(IGNORED, '')));
  const parts = bare.normalize('NFKD').replaceAll(IGNORED, '');
  // Composed again: the parts of one syllable of Hangul are the beginning of another one.
  return unified(caseless(parts)).normalize('NFC');
}

/** A folded form in which one space separates words, also at the end of a line. */
export const inWords = (folded: string): string => folded.replaceAll(/\s+/g, ' ');

/** The parts of a regular expression: a class, the name of a group, an escape, or letters that are folded. */
const PATTERN_PART = /\[(?:\\.|[^\]\\])*\]|\\k<[^>]*>|\(\?<(?![=!])[^>]*>|\\.|(?<letters>[^\p{ASCII}]+)/gsu;
const SYNTAX = /[\^$\\.*+?()[\]{}|]/g;

/** A letter as one item of a regular expression, to which a quantifier may apply. */
function itemOf(letter: string): string {
  const folded = foldedForm(letter).replaceAll(SYNTAX, String.raw`\$&`);
  return Array.from(folded).length === 1 ? folded : `(?:${folded})`;
}

/** The regular expression for a text in folded form: its own letters are folded. Classes and escapes are kept. */
export const foldedPattern = ({ source, flags }: RegExp): RegExp =>
  new RegExp(
    source.replaceAll(PATTERN_PART, (part: string, letters: string | undefined) =>
      letters === undefined ? part : Array.from(letters.normalize('NFC'), itemOf).join(''),
    ),
    flags,
  );
