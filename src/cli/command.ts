// The types of commands, and the options of all commands.
import type { Api } from './api.ts';
import type { ExitReason } from './exit-codes.ts';
import type { Output } from './output.ts';

/** The options of all commands. `value` is the placeholder in the help; null: the option has no value. */
export const OPTIONS = {
  url: { value: 'URL', description: 'address of turnkeeper; overrides TURNKEEPER_URL' },
  key: { value: 'KEY', description: 'API key; overrides TURNKEEPER_KEY' },
  patience: { value: 'S', description: 'seconds to retry while the server is busy or a stream is interrupted [30]' },
  json: { value: null, description: 'write one JSON document, or one JSON line for each event' },
  help: { value: null, description: 'show this text' },
  user: { value: 'ID', description: 'user id' },
  session: { value: 'UUID', description: 'session to continue [a new one]' },
  assistant: { value: 'NAME', description: 'assistant that answers [the default one]' },
  busy: {
    value: 'RULE',
    description: 'if a turn is queued or running: enqueue, reject, interrupt, rollback or merge [enqueue]',
  },
  follow: { value: null, description: 'show the reply while it is written, until the turn is final' },
  status: {
    value: 'STATUS',
    description: 'pending, approved, edited, rejected, responded, retried, expired, cancelled or all [pending]',
  },
  limit: { value: 'N', description: 'maximum number of results [50]' },
  kind: { value: 'KIND', description: 'reply, tool_call or tool_outcome [all]' },
  reply: { value: 'TEXT', description: 'with edit of a reply: the reply that the user receives' },
  arguments: { value: 'JSON', description: 'with edit of a call: the arguments of the call that is made instead' },
  result: {
    value: 'TEXT',
    description: 'with respond: the result of the call for the model: text, or an object or a list in JSON',
  },
  seen: { value: 'SHA256', description: 'decide only if the draft or the arguments still have this hash' },
  note: {
    value: 'TEXT',
    description: 'note for the audit trail; with revise and for a rejected call also for the model; never for the user',
  },
  yes: { value: null, description: 'do not ask for confirmation' },
  wait: { value: null, description: 'wait until the erasure is complete' },
  topic: { value: 'TOPIC', description: 'list this topic only' },
} as const;

export type OptionName = keyof typeof OPTIONS;
type Flag = { [N in OptionName]: (typeof OPTIONS)[N]['value'] extends null ? N : never }[OptionName];

/** The options of a command line; values are text. */
export type Options = { readonly [N in OptionName]?: N extends Flag ? true : string };

/** Options that every command takes. */
export const COMMON: readonly OptionName[] = ['url', 'key', 'patience', 'json', 'help'];

export interface Context {
  readonly api: Api;
  readonly output: Output;
  readonly options: Options;
}

export interface Command {
  /** The words that name the command. */
  readonly words: string;
  /** The arguments as the help shows them; those in square brackets are optional. */
  readonly args: readonly string[];
  readonly options: readonly OptionName[];
  /** The required ones of `options`. */
  readonly required?: readonly OptionName[];
  readonly description: string;
  /** Checks the values of arguments and options before any request. Returns the faults. */
  faults?(args: readonly string[], options: Options): string[];
  /** Runs the command. @throws Failure with the exit reason */
  run(context: Context, args: readonly string[]): Promise<ExitReason>;
}

/** Checks an option that must be a whole number. Returns the fault, if any. */
export const wholeNumberFault = (options: Options, name: 'limit' | 'patience', min: number, max: number): string[] => {
  const value = options[name];
  if (value === undefined || (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max)) return [];
  return [`--${name} must be a whole number from ${min} to ${max}`];
};
