// Separates the reply from the reasoning that some models write into their text. Pure.
import { storableText } from '../domain/text.ts';

interface Mark {
  readonly open: string;
  readonly close: string;
  /** Only at the start of a reply. Elsewhere replies use these words for other things. */
  readonly atStart?: true;
}

/** How models mark reasoning in their text, in lower case. */
const MARKS: readonly Mark[] = [
  { open: '<think>', close: '</think>' },
  { open: '<thinking>', close: '</thinking>' },
  { open: '<seed:think>', close: '</seed:think>' },
  { open: '<longcat_think>', close: '</longcat_think>' },
  { open: '<mm:think>', close: '</mm:think>' },
  { open: '<antthinking>', close: '</antthinking>' },
  { open: '<|channel>thought', close: '<channel|>' },
  { open: '<unused94>thought', close: '<unused95>' },
  { open: '◁think▷', close: '◁/think▷' },
  { open: '[think]', close: '[/think]' },
  { open: '<|start_thinking|>', close: '<|end_thinking|>' },
  { open: '<|begin_of_thought|>', close: '<|end_of_thought|>' },
  { open: '<|channel|>analysis<|message|>', close: '<|channel|>final<|message|>' },
  { open: '<thought>', close: '</thought>', atStart: true },
  { open: '<thoughts>', close: '</thoughts>', atStart: true },
  { open: '<reasoning>', close: '</reasoning>', atStart: true },
  { open: '<scratchpad>', close: '</scratchpad>', atStart: true },
  { open: '<details type="reasoning"', close: '</details>', atStart: true },
];

const OPENING = new Map(MARKS.map((mark) => [mark.open, mark]));
/** Marks that end reasoning even if no mark opened it: the prompt template of some models contains the opening mark. */
const UNOPENED = new Set(MARKS.filter(({ atStart }) => !atStart).map(({ close }) => close));
const WORDS = MARKS.flatMap(({ open, close }) => [open, close]);
const LONGEST = Math.max(...WORDS.map((word) => word.length));
/** A mark, or what begins or ends code. Marks in code are text. */
const SPECIAL = new RegExp(`${WORDS.map((word) => RegExp.escape(word)).join('|')}|\`+|\\n`, 'gi');
/** Text without these characters is plain. */
const MAY_BE_SPECIAL = /[<[◁`\n]|[\uD800-\uDBFF]$/;
/** Every mark begins with one of these. */
const BEGINS_MARK = /[<[◁]/;
/** Fewer backticks begin code that ends with its line. */
const FENCE = 3;

/** The length of the end of the text whose meaning the next piece decides. */
function undecided(text: string): number {
  const last = text.slice(1 - LONGEST);
  const end = BEGINS_MARK.test(last) ? last.toLowerCase() : '';
  for (let length = end.length; length > 0; length -= 1) {
    const part = end.slice(-length);
    if (WORDS.some((word) => word.length > length && word.startsWith(part))) return length;
  }
  return /`+$/.exec(text)?.[0].length ?? (/[\uD800-\uDBFF]$/.test(text) ? 1 : 0);
}

/** Takes the text of a model in pieces and returns the pieces of the reply. A piece is held back while its meaning is not
 *  known. The reply can be stored: it has neither NUL nor lone surrogates. */
export class VisibleText {
  #pending = '';
  /** The mark that ends the current reasoning; null: there is none. */
  #close: string | null = null;
  /** Backticks that began the current code; 0: there is none. */
  #ticks = 0;
  /** White space before the reply; null: the reply has begun. */
  #lead: string | null = '';
  #hadReasoning = false;
  #returned = false;
  #voided = false;
  #visible = '';

  /** The pieces that were returned were reasoning: its end had a mark, its beginning had none. */
  get voided(): boolean {
    return this.#voided;
  }

  /** The next piece of the reply. If `voided` becomes true, the reply begins with this piece. */
  add(text: string): string {
    const plain = this.#pending === '' && this.#close === null && this.#lead === null && !MAY_BE_SPECIAL.test(text);
    if (plain) this.#visible = text;
    else {
      this.#pending += text;
      this.#read(this.#pending.length - undecided(this.#pending));
    }
    return this.#take();
  }

  /** The last piece of the reply. Reasoning that is not closed ends here. */
  end(): string {
    this.#read(this.#pending.length);
    return this.#take();
  }

  #take(): string {
    const piece = storableText(this.#visible);
    this.#visible = '';
    this.#returned ||= piece !== '';
    return piece;
  }

  #read(end: number): void {
    const text = this.#pending.slice(0, end);
    this.#pending = this.#pending.slice(end);
    let from = 0;
    for (const match of MAY_BE_SPECIAL.test(text) ? text.matchAll(SPECIAL) : []) {
      const after = match.index + match[0].length;
      const special = match[0].toLowerCase();
      if (this.#close !== null) {
        if (special !== this.#close) continue;
        this.#close = null;
      } else {
        this.#show(text.slice(from, match.index));
        from = match.index;
        if (!this.#begins(special)) continue;
      }
      from = after;
    }
    if (this.#close === null) this.#show(text.slice(from));
  }

  /** False: the special text is part of the reply. */
  #begins(special: string): boolean {
    if (special === '\n') {
      if (this.#ticks < FENCE) this.#ticks = 0;
      return false;
    }
    if (special.startsWith('`')) {
      if (this.#ticks === 0) this.#ticks = special.length;
      else if (this.#ticks === special.length) this.#ticks = 0;
      return false;
    }
    if (this.#ticks > 0) return false;
    const mark = OPENING.get(special);
    if (mark) {
      if (mark.atStart && this.#lead === null) return false;
      this.#close = mark.close;
      this.#hadReasoning ||= this.#lead !== null;
      return true;
    }
    if (!UNOPENED.has(special)) return false;
    this.#voided ||= this.#returned;
    this.#visible = '';
    this.#lead = '';
    this.#hadReasoning = true;
    return true;
  }

  /** Text of the reply. Only white space before or after reasoning at its start is not part of it. */
  #show(text: string): void {
    if (this.#lead === null) {
      this.#visible += text;
      return;
    }
    this.#lead += text;
    const begun = this.#lead.trimStart();
    if (begun === '') return;
    this.#visible += this.#hadReasoning ? begun : this.#lead;
    this.#lead = null;
  }
}
