// Text of users and models: as a reader sees it, and as it may be put between delimiters in a prompt. Pure.

/** The text as a reader sees it. Full-width and composed forms become plain letters; characters that show nothing
 *  (zero-width characters, bidi controls, soft hyphens, tags) are removed. */
export const visibleText = (text: string): string =>
  text.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '').normalize('NFKC');

/** Characters of one value at most. */
const VALUE_LIMIT = 500;

/** Angle brackets and what looks like them: our delimiters are made of them, and so are most models' own. */
const BRACKETS = /[<>‹›〈〉⟨⟩❬❭❮❯˂˃ᐸᐳ]/gu;
/** How models' templates and users' imitations of them begin a message, an instruction or a block. A space takes their
 *  place, and none has a space in it, so that taking one out never makes another. */
const MARKERS = [
  /\[\/?(?:INST|SYS|SYSTEM|ASSISTANT|USER)\]/giu,
  /\|(?:im_start|im_end|im_sep|endoftext|begin_of_text|eot_id|start_header_id|end_header_id|system|user|assistant|end)\|/giu,
  /`{3,}|~{3,}|"{3,}|#{2,}|-{3,}|={3,}/gu,
];
/** A colon after a role makes a speaker of it. */
const ROLE = /(?<!\p{L})(system|developer|assistant|user|human|ai|tool|function)\s*:[\s:]*/giu;

/** At most so many UTF-16 units, and no half of a character at the end. */
export const capped = (text: string, limit: number): string =>
  text.length <= limit ? text : text.slice(0, limit).replace(/[\uD800-\uDBFF]$/u, '');

/** One capped line without delimiters, without the marks by which models tell whose words these are, and without
 *  characters that nobody sees, so that nothing in it can end its block, begin another, or speak in another's name. What
 *  it says is left alone. Doing it again changes nothing. */
export function asData(value: string, limit = VALUE_LIMIT): string {
  const plain = visibleText(value.toWellFormed())
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .replaceAll(BRACKETS, '');
  const unmarked = MARKERS.reduce((text, marker) => text.replaceAll(marker, ' '), plain);
  return capped(unmarked.replaceAll(ROLE, '$1 ').replaceAll(/ {2,}/g, ' ').trim(), limit).trim();
}
