// What was learned about a model at an endpoint from its answers. It lasts as long as the process.
import type { MaxTokensField, SystemRole } from '../domain/assistants/assistant.ts';
import type { CallBody } from './call-body.ts';

/** What a refusal says about the request. */
export interface Refusal {
  /** The members of the request that the error names as such: `stream_options`, `messages[0].role`. */
  readonly members: readonly string[];
  /** All names and texts in the error. */
  readonly text: string;
}

/** What calls can do without: a parameter, or messages of the system. */
export type Refused = { readonly parameter: string } | 'system messages';

const REQUIRED = new Set(['model', 'messages', 'stream']);
/** Other ways to name a parameter. */
const ALIASES: Readonly<Record<string, RegExp>> = {
  stream_options: /stream_?options|include_?usage/i,
  tool_choice: /tool[_ ]?choice/i,
  parallel_tool_calls: /parallel[_ -]?(?:tool|function)[_ -]?(?:call(?:s|ing)?|use)/i,
};
/** What endpoints say whose model takes no tools. */
const TOOLS = new RegExp(
  [
    /(?:not|n't|cannot) (?:support|accept|allow|use)(?: for)?(?: the use of)? ["'`]?(?:tools?|(?:function|tool)[- ](?:use|calls?|calling))\b(?! ?choice)/,
    /(?<!parallel )\b(?:tools?|(?:function|tool)[- ](?:use|calls?|calling))["'`]? (?:is|are) (?:not|un|disabled)/,
    /\btool choice requires\b|\btools? param(?:eter)? requires\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);
const REFUSED_WORDS =
  /(?:not|n't) (?:be )?(?:support|allow|accept|enabl|permit|available)|\bun(?:support|expect|recogni|avail)/;
/** What endpoints say that take no messages of the system. */
const SYSTEM_MESSAGES = new RegExp(
  [
    `\\b(?:system|developer) (?:role|message|prompt|instruction)s?\\b[^.]{0,60}(?:${REFUSED_WORDS.source})`,
    /(?:\bnot|n't) (?:support|allow|accept)[^.]{0,60}['"`]?(?:system|developer)\b/.source,
    /\b(?:unsupported|unexpected)[^.]{0,30}\brole\b/.source,
    /\brole\b[^.]{0,30}(?:system|developer)[^.]{0,30}\b(?:not|unsupported|invalid)/.source,
    /\bonly user and assistant roles\b/.source,
    /\b(?:permitted|should be|must be)(?: in| one of|:)? [['"]*user['"]?(?:,| or| and) ['"]?assistant['"]?(?!,)/.source,
  ].join('|'),
  'i',
);
/** What is wrong with the messages, whatever parameter needs them so. */
const MESSAGES_MUST = /^[^\w\n]*(?:messages|prompt)\b[^.\n]* must\b/im;
/** Our request, as some errors repeat it. */
const REPEATED_REQUEST = /\{[^{}]*["'](?:messages|model)["']\s*:[^]*/;

const escaped = (name: string): string => name.replaceAll(/[^A-Za-z0-9_]/g, String.raw`\$&`);

/** The ways to name a parameter in a text. A plain word, such as `stop`, may have another meaning in other places. */
function namesOf(name: string): RegExp {
  const alias = ALIASES[name];
  if (alias) return alias;
  const exact = escaped(name);
  // Some servers call their own names in another style: `reasoningEffort`.
  if (name.includes('_')) return new RegExp(`\\b${exact.replaceAll('_', '_?')}\\b`, 'i');
  const noun = '(?:parameter|argument|field|property|option|inputs?)';
  const before = `\\b${noun}s?(?: (?:supplied|provided|name))?:? (?:\\w{1,40}, ){0,20}${exact}\\b`;
  const after = `\\b${exact}(?: ${noun}\\b|(?: is|:) (?:not (?:supported|allowed|permitted)|unsupported|deprecated|extra ${noun}))`;
  // Alone in its line, with the reason in the next one: pydantic.
  return new RegExp(`["'\`]${exact}["'\`]|${before}|${after}|^${exact}\\n +\\S`, 'im');
}

/** Where a text names the parameter; -1: it does not. */
const placeIn = (text: string, name: string): number => text.search(namesOf(name));

const hasSystemMessage = ({ messages }: CallBody): boolean =>
  messages.some(({ role }) => role === 'system' || role === 'developer');

/** The member of the call in which a member is, such as `messages` of `messages[0].role` and of `/messages/0/role`; empty:
 *  none. Some errors have the path of their address. */
function headOf(member: string, body: CallBody): string {
  if (!member.startsWith('/')) return member.split(/[.[]/)[0]!;
  const head = member.replace(/^\/(?:body\/)?/, '').split('/')[0]!;
  return Object.hasOwn(body, head) ? head : '';
}

/** What the endpoint refuses of the call; null: nothing that calls can do without. */
export function refusedOf(body: CallBody, { members, text: said }: Refusal): Refused | null {
  const text = said.replace(REPEATED_REQUEST, '');
  const names = Object.keys(body).filter((name) => !REQUIRED.has(name));
  const heads = members.map((member) => headOf(member, body)).filter((head) => head !== 'body' && head !== '');
  const named = names.find((name) => heads.some((head) => head === name || ALIASES[name]?.test(head)));
  if (named !== undefined) return { parameter: named };
  if (Object.hasOwn(body, 'tools') && TOOLS.test(text)) return { parameter: 'tools' };
  const mayBeRole = heads.length === 0 || heads.includes('messages');
  if (mayBeRole && hasSystemMessage(body) && SYSTEM_MESSAGES.test(text)) return 'system messages';
  // A refusal that names something else is not about a parameter that its text mentions.
  if (heads.length > 0 || MESSAGES_MUST.test(text)) return null;
  // What is refused comes first. Then some endpoints list what they accept.
  const mentioned = names
    .map((name) => ({ name, place: placeIn(text, name) }))
    .filter(({ place }) => place >= 0)
    .toSorted((one, other) => one.place - other.place)[0];
  return mentioned === undefined ? null : { parameter: mentioned.name };
}

const OTHER_FIELD: Readonly<Record<MaxTokensField, MaxTokensField>> = {
  max_tokens: 'max_completion_tokens',
  max_completion_tokens: 'max_tokens',
};
const isMaxTokensField = (name: string): name is MaxTokensField => Object.hasOwn(OTHER_FIELD, name);

export class EndpointProfile {
  readonly #omitted = new Set<string>();
  #systemRole: SystemRole | null = null;
  #maxTokensField: MaxTokensField | null = null;
  #reasonsFirst = false;
  readonly #onLearned: (what: string) => void;

  /** `onLearned` is called once for each thing that is learned. */
  constructor(onLearned: (what: string) => void) {
    this.#onLearned = onLearned;
  }

  omits(name: string): boolean {
    return this.#omitted.has(name);
  }

  /** Null: nothing was learned about it. */
  get systemRole(): SystemRole | null {
    return this.#systemRole;
  }

  /** Null: nothing was learned about it. */
  get maxTokensField(): MaxTokensField | null {
    return this.#maxTokensField;
  }

  /** The endpoint refused this: later calls do without it. A limit of output tokens is sent under its other name first. */
  learn(refused: Refused): void {
    if (refused === 'system messages') return this.#learnSystemRole();
    const { parameter: name } = refused;
    if (this.#omitted.has(name)) return;
    this.#omitted.add(name);
    if (isMaxTokensField(name) && !this.#omitted.has(OTHER_FIELD[name])) {
      this.#maxTokensField = OTHER_FIELD[name];
      this.#onLearned(`it refuses the parameter ${name}, which is sent as ${OTHER_FIELD[name]} from now on`);
    } else this.#onLearned(`it refuses the parameter ${name}, which is omitted from now on`);
  }

  #learnSystemRole(): void {
    if (this.#systemRole === 'user') return;
    this.#systemRole = 'user';
    this.#onLearned('it refuses system messages, whose text comes first in the first message of the user from now on');
  }

  /** Whether replies begin with reasoning that has no opening mark. Only the whole text shows where the reply begins. */
  get reasonsFirst(): boolean {
    return this.#reasonsFirst;
  }

  learnReasonsFirst(): void {
    if (this.#reasonsFirst) return;
    this.#reasonsFirst = true;
    this.#onLearned('its replies begin with reasoning without an opening mark, so they are no longer sent in pieces');
  }
}
