// Text of users and models: how a reader sees it, how it can be put between delimiters in a prompt, and its hash. Pure.
import { hash } from 'node:crypto';

/** More marks on one letter than any language writes, after as many as are kept. */
const LONG_MARK_RUN = /([\p{M}\uFF9E\uFF9F]{16})[\p{M}\uFF9E\uFF9F]+/gu;

/** The text with at most 16 marks on one letter. Normalisation sorts them, in a time that grows with the square of their
 *  number: a text of 200,000 marks would take ten seconds. */
export const withShortMarkRuns = (text: string): string => text.replaceAll(LONG_MARK_RUN, '$1');

/** The text as a reader sees it. Full-width and composed forms become plain letters. Invisible characters (zero-width
 *  characters, bidi controls, soft hyphens, tags) are removed. */
export const visibleText = (text: string): string =>
  withShortMarkRuns(text.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')).normalize('NFKC');

/** The text in a form that can be stored: PostgreSQL stores neither NUL nor lone surrogates. */
export const storableText = (text: string): string => text.replaceAll('\0', '').toWellFormed();

/** Maximum length of one value, in UTF-16 units. */
const VALUE_LIMIT = 500;

/** Angle brackets and characters that look like them: our delimiters and those of most models consist of them. */
const BRACKETS = /[<>‹›〈〉⟨⟩❬❭❮❯˂˃ᐸᐳ]/gu;
/** How models' templates, and users' imitations of them, begin a message, an instruction or a block. Each is replaced
 *  by a space, and none contains a space, so that removing one never creates another. */
const MARKERS = [
  /\[\/?(?:INST|SYS|SYSTEM|ASSISTANT|USER)\]/giu,
  /\|(?:im_start|im_end|im_sep|endoftext|begin_of_text|eot_id|start_header_id|end_header_id|system|user|assistant|end)\|/giu,
  /`{3,}|~{3,}|"{3,}|#{2,}|-{3,}|={3,}/gu,
];
/** The name of a role and a colon, which start a message of that role. */
const ROLE = /(?<!\p{L})(system|developer|assistant|user|human|ai|tool|function)\s*:[\s:]*/giu;

/** Words that no rule of `asData` changes: most names and summaries. The classes of a word and of a gap are disjoint, so
 *  the time is linear. */
const PLAIN = /^[\w.,;!?'()]+(?: [\w.,;!?'()]+)*$/;

/** The first `limit` UTF-16 units of the text, without half a character at the end. */
export const capped = (text: string, limit: number): string =>
  text.length <= limit ? text : text.slice(0, limit).replace(/[\uD800-\uDBFF]$/u, '');

/** The value as one line of at most `limit` UTF-16 units, without delimiters, without the marks by which models
 *  separate roles, and without invisible characters. So the value cannot end its block, begin another one, or pass for
 *  a message of another role. Its meaning is not changed. The function is idempotent. */
export function asData(value: string, limit = VALUE_LIMIT): string {
  if (PLAIN.test(value)) return capped(value, limit).trim();
  const plain = visibleText(value.toWellFormed())
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .replaceAll(BRACKETS, '');
  const unmarked = MARKERS.reduce((text, marker) => text.replaceAll(marker, ' '), plain);
  return capped(unmarked.replaceAll(ROLE, '$1 ').replaceAll(/ {2,}/g, ' ').trim(), limit).trim();
}

/** The text without the name of the tags around it, such as `tool_result`, so that it cannot close them. Invisible characters and
 *  other forms of letters do not hide the name: a model may read it all the same. */
export function withoutTag(text: string, name: string): string {
  const pattern = new RegExp(name, 'gi');
  const visible = visibleText(text);
  return (visible.search(pattern) < 0 ? text : visible).replaceAll(pattern, name.replaceAll('_', ' '));
}

/** The hash by which decisions and reviews name a text: hex SHA-256 of its UTF-8. */
export const sha256Of = (text: string): string => hash('sha256', text, 'hex');
