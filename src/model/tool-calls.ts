// Puts the calls of a reply together. Endpoints send them whole or in pieces, with and without ids and indexes. Pure.
import { newId } from '../domain/ids.ts';
import { storableText } from '../domain/text.ts';
import type { CallPart } from './dialects.ts';
import type { ProposedCall } from './model.ts';

/** More calls are no reply. */
const MAX_CALLS = 128;
/** Maximum length of the id of a call in UTF-16 units. A longer one is replaced. */
const ID_LIMIT = 200;
/** Before the names of some models. */
const PREFIX = 'functions.';

interface GrowingCall {
  id: string;
  name: string;
  arguments: string;
  /** The arguments arrived as an object, so no piece of text belongs to them. */
  isObject: boolean;
  /** Null: the endpoint sends none. */
  readonly index: number | null;
}

/** Whether the text is an object in JSON. */
export function isJsonObject(text: string): boolean {
  if (!text.trimEnd().endsWith('}')) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** The arguments as a text. Without any they are an empty object. Some models write an object as a text in a text. */
function argumentsOf({ arguments: text }: GrowingCall): string {
  const said = storableText(text);
  if (/^\s*(?:null)?\s*$/.test(said)) return '{}';
  if (!said.trimStart().startsWith('"')) return said;
  try {
    const inner: unknown = JSON.parse(said);
    return typeof inner === 'string' && isJsonObject(inner) ? inner : said;
  } catch {
    return said;
  }
}

export class ToolCalls {
  /** The names of the tools that were offered. */
  readonly #offered: ReadonlySet<string>;
  readonly #calls: GrowingCall[] = [];

  constructor(offered: ReadonlySet<string>) {
    this.#offered = offered;
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0;
  }

  /** There are more calls than a reply may have. */
  get isTooMany(): boolean {
    return this.#calls.length > MAX_CALLS;
  }

  /** Adds pieces of calls. `whole`: they are all that is known of the calls so far. Returns how many characters were added. */
  add(parts: readonly CallPart[], whole: boolean): number {
    return parts.reduce((sum, part, position) => sum + this.#add(part, whole ? position : null), 0);
  }

  #add(part: CallPart, position: number | null): number {
    const known = position === null ? this.#callOf(part) : this.#wholeCallOf(part, position);
    const call = known ?? { id: '', name: '', arguments: '', isObject: false, index: part.index };
    if (!known) this.#calls.push(call);
    const before = call.name.length + call.arguments.length;
    if (call.id === '') call.id = part.id;
    if (part.name !== '') call.name = this.#joined(call.name, part.name);
    if (position === null) addArguments(call, part);
    else if (part.arguments !== '') call.arguments = part.arguments;
    return Math.max(0, call.name.length + call.arguments.length - before);
  }

  /** The call to which a piece belongs; undefined: it begins another one. */
  #callOf(part: CallPart): GrowingCall | undefined {
    const mayBe = (call: GrowingCall) => part.index === null || call.index === null || call.index === part.index;
    const byId = part.id === '' ? undefined : this.#calls.findLast((call) => call.id === part.id && mayBe(call));
    const call =
      byId ?? (part.index === null ? this.#calls.at(-1) : this.#calls.findLast(({ index }) => index === part.index));
    return call && !this.#begins(part, call) ? call : undefined;
  }

  /** Some endpoints give all calls the same index or id, or none. Others send a new id, or the name, with each piece of a
   *  call, or the whole call again at its end. */
  #begins(part: CallPart, call: GrowingCall): boolean {
    if (part.name === '') return false;
    if (part.name !== call.name && this.#isOffered(call.name) && this.#isOffered(part.name)) return true;
    if (!isJsonObject(call.arguments)) return false;
    const hasSameId = part.id !== '' && part.id === call.id;
    if (part.id !== '' && call.id !== '' && !hasSameId) return true;
    if (part.arguments === '' || part.arguments === call.arguments) return false;
    return (part.index === null && !hasSameId) || isJsonObject(part.arguments);
  }

  #wholeCallOf(part: CallPart, position: number): GrowingCall | undefined {
    const byId = part.id === '' ? undefined : this.#calls.find(({ id }) => id === part.id);
    const there = this.#calls[position];
    const isSame = there && (part.id === '' || there.id === '') && there.name === part.name;
    return byId ?? (isSame ? there : undefined);
  }

  #isOffered(name: string): boolean {
    return this.#offered.has(name) || this.#offered.has(withoutPrefix(name));
  }

  /** A name and its next piece: the rest of it, all of it so far, or all of it again. */
  #joined(name: string, piece: string): string {
    if (name === '' || (piece === name && this.#isOffered(name))) return piece;
    const joined = name + piece;
    if ([...this.#offered].some((each) => each.startsWith(withoutPrefix(joined)))) return joined;
    if (piece.startsWith(name)) return piece;
    return this.#isOffered(name) ? name : joined;
  }

  /** The calls, each with an id of its own. `isCut`: the limit of tokens ended the reply, so a call without whole arguments
   *  is not what the model wanted to say. */
  result(isCut: boolean): ProposedCall[] {
    const ids = new Set<string>();
    return this.#calls
      .filter((call) => !isCut || isJsonObject(call.arguments))
      .map((call) => {
        const said = storableText(call.id);
        const id =
          said === '' || said.length > ID_LIMIT || ids.has(said) ? `call_${newId().replaceAll('-', '')}` : said;
        ids.add(id);
        const name = this.#offered.has(call.name) ? call.name : withoutPrefix(call.name);
        return { id, name: storableText(name), arguments: argumentsOf(call) };
      });
  }
}

const withoutPrefix = (name: string): string => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name);

function addArguments(call: GrowingCall, { arguments: piece, isObject }: CallPart): void {
  // Some endpoints send the whole call again at its end.
  if (piece === '' || (piece === call.arguments && isJsonObject(piece))) return;
  call.arguments = isObject || call.isObject ? piece : call.arguments + piece;
  call.isObject = isObject;
}
