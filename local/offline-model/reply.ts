// The replies of the offline model. They are deterministic and depend only on the messages, so that a reply shows what
// the prompt contained. Every reply is marked as not coming from a language model.
import { resultsAtEnd } from './tools.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

const MARK = '[offline model]';
const QUOTE_LIMIT = 200;
const ASKS_FOR_MEMORY = /\b(what|who)\b.*\b(know|remember|am i)\b|\bdo you (know|remember)\b|\btell me about me\b/i;
const TOPICS = 3;
const STOP_WORDS = new Set(
  `a about after all also am an and any are as at be because been before but by can could did do does for from get go
   good had has have he hello help hey hi how i if in into is it its just know like love me more most much my need no
   not now of off on one or our out over please really remember said say she should so some something tell than thank
   thanks that the their them then there these they thing things think this those to today too up us very want was
   we well were what when where which who why will with would yes you your`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** The reply to the last user message of a prompt, or a summary if the system message asks for one. */
export function replyTo(messages: readonly ChatMessage[]): string {
  const system = messages.find(({ role }) => role === 'system')?.content ?? '';
  if (system.startsWith('Summarise')) return summaryOf(system, messages);
  const results = resultsAtEnd(messages);
  if (results.length > 0)
    return [MARK, ...results.map((result) => `The tool answered: “${quoted(result)}”.`)].join(' ');
  const said = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
  const memory = /<memory>(.*?)<\/memory>/s.exec(system)?.[1] ?? '';
  const text = said.at(-1) ?? '';
  const before = said.at(-2);
  const count = field(memory, 'Messages sent so far');
  const sentences = [
    MARK,
    greeting(field(memory, 'Name'), field(memory, 'Preferred style')),
    ...personaSentences(system),
    `You said: “${quoted(text)}”.`,
    ...(before === undefined ? [] : [`Before that you said: “${quoted(before)}”.`]),
    ...(ASKS_FOR_MEMORY.test(text) ? memorySentences(memory) : []),
    ...(count === null ? [] : [`You have sent ${count} ${count === '1' ? 'message' : 'messages'} so far.`]),
  ];
  return sentences.join(' ');
}

/** How the instructions of turnkeeper begin if the operator gives none. */
const STANDARD = 'You are a helpful assistant.';

/** Shows that the instructions of an assistant arrived. It cannot follow them. */
function personaSentences(system: string): string[] {
  const [first = ''] = system.split('\n\n');
  return first === '' || first.startsWith(STANDARD) ? [] : [`My instructions are: “${quoted(first)}”.`];
}

function greeting(name: string | null, style: string | null): string {
  const to = name ?? 'friend';
  if (style?.toLowerCase().startsWith('formal')) return `Good day, ${to}.`;
  return style?.toLowerCase().startsWith('casual') ? `Hi ${to}!` : `Hello ${to}.`;
}

function memorySentences(memory: string): string[] {
  const [summary, topics] = [field(memory, 'Summary'), field(memory, 'Favourite topics')];
  if (summary === null && topics === null) return ['I know nothing about you yet.'];
  return [
    ...(summary === null ? [] : [`What I know about you: ${summary}`]),
    ...(topics === null ? [] : [`Your favourite topics: ${topics}.`]),
  ];
}

/** The value of the first line `name: value`. */
function field(text: string, name: string): string | null {
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}:`));
  const value = line?.slice(name.length + 1).trim();
  return value ? value : null;
}

const quoted = (text: string): string => (text.length > QUOTE_LIMIT ? `${text.slice(0, QUOTE_LIMIT)}…` : text);

/**
 * Answers the prompt of the memory worker (src/memory/prompt.ts) with a sentence about the user's most frequent words.
 */
function summaryOf(system: string, messages: readonly ChatMessage[]): string {
  const id = field(system, 'User id') ?? field(system, 'User') ?? 'The user';
  const exchanges = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const said = exchanges.split('\n').filter((line) => line.startsWith('User: '));
  const words = mostFrequent(said.map((line) => line.slice('User: '.length)).join(' '), TOPICS);
  if (words.length === 0) return field(system, 'Previous summary') ?? `${id} is a new user.`;
  const list = words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
  return `${id} is interested in ${list}.`;
}

/** The most frequent words; of equally frequent ones, those that occur first. */
function mostFrequent(text: string, limit: number): string[] {
  const counts = new Map<string, number>();
  for (const [word] of text.toLowerCase().matchAll(/\p{L}[\p{L}\p{N}'’-]{2,}/gu)) {
    if (!STOP_WORDS.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, limit)
    .map(([word]) => word);
}
