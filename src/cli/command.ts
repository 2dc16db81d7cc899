// What a command is.
import type { Api } from './api.ts';
import type { Ending } from './exit-codes.ts';
import type { Output } from './output.ts';

/** Every option of every command: what stands for its value in the help (null: it has none), and what it does. */
export const OPTIONS = {
  url: { value: 'URL', does: 'where turnkeeper is, in place of TURNKEEPER_URL' },
  key: { value: 'KEY', does: 'API key, in place of TURNKEEPER_KEY' },
  patience: { value: 'S', does: 'seconds to wait for a server that is busy or whose stream was cut [30]' },
  json: { value: null, does: 'for machines: one JSON document, or one JSON line for each event' },
  help: { value: null, does: 'this text' },
  user: { value: 'ID', does: 'who speaks' },
  session: { value: 'UUID', does: 'go on with this session [a new one]' },
  busy: { value: 'RULE', does: 'while a turn is unfinished: enqueue, reject, interrupt, rollback or merge [enqueue]' },
  follow: { value: null, does: 'show the reply while it is written, until the turn is final' },
  status: { value: 'STATUS', does: 'pending, approved, edited, rejected, expired, cancelled or all [pending]' },
  limit: { value: 'N', does: 'at most so many [50]' },
  reply: { value: 'TEXT', does: 'with edit: what the user is told instead' },
  note: { value: 'TEXT', does: 'for the audit trail; the user never sees it' },
  yes: { value: null, does: 'do not ask' },
  wait: { value: null, does: 'wait for the end' },
  topic: { value: 'TOPIC', does: 'of this topic only' },
} as const;

export type OptionName = keyof typeof OPTIONS;
type Flag = { [N in OptionName]: (typeof OPTIONS)[N]['value'] extends null ? N : never }[OptionName];

/** As they were given; those with a value as text. */
export type Options = { readonly [N in OptionName]?: N extends Flag ? true : string };

/** Options that every command takes. */
export const COMMON: readonly OptionName[] = ['url', 'key', 'patience', 'json', 'help'];

export interface Context {
  readonly api: Api;
  readonly output: Output;
  readonly options: Options;
}

export interface Command {
  /** How it is called. */
  readonly words: string;
  /** What follows, as the help shows it; in square brackets: may be left out. */
  readonly args: readonly string[];
  readonly options: readonly OptionName[];
  /** Of `options`, those it cannot do without. */
  readonly required?: readonly OptionName[];
  readonly does: string;
  /** What is wrong with these arguments and options beyond their number and names, before anything is called. */
  faults?(args: readonly string[], options: Options): string[];
  /** @throws Failure, with which the program ends */
  run(context: Context, args: readonly string[]): Promise<Ending>;
}

/** The fault of an option that must be a whole number, if it is one. */
export const wholeNumberFault = (options: Options, name: 'limit' | 'patience', min: number, max: number): string[] => {
  const value = options[name];
  if (value === undefined || (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max)) return [];
  return [`--${name} must be a whole number from ${min} to ${max}`];
};
