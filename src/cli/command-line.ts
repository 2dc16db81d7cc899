// Parses the command line into a command with its arguments and options. No I/O.
import { parseArgs } from 'node:util';
import { COMMON, OPTIONS, wholeNumberFault, type Command, type OptionName, type Options } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { UsageFailure } from './failure.ts';
import { SETTINGS_HELP } from '../config/terminal.ts';

export interface CommandLine {
  /** Null: the command line names none. */
  readonly command: Command | null;
  readonly args: readonly string[];
  readonly options: Options;
}

const MAX_PATIENCE_S = 3_600;

const isOption = (name: string): name is OptionName => Object.hasOwn(OPTIONS, name);

/** Whether the command line has --help or --json, even if the rest is invalid. */
export const hasOption = (argv: readonly string[], option: 'help' | 'json'): boolean => {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).includes(`--${option}`);
};

/** Parses a command line. @throws UsageFailure with every fault */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const faults: string[] = [];
  const { values, words } = wordsOf(argv, faults);
  const options = values as Options;
  const command = commandOf(words, commands);
  const args = command ? words.slice(command.words.split(' ').length) : words;
  if (options.help) return { command, args, options };
  if (!command) throw new UsageFailure([...faults, unknownCommand(words, commands)]);
  for (const name of Object.keys(values)) {
    if (isOption(name) && !COMMON.includes(name) && !command.options.includes(name))
      faults.push(`${command.words} does not accept --${name}`);
  }
  for (const name of command.required ?? []) if (options[name] === undefined) faults.push(`--${name} is required`);
  const required = command.args.filter((name) => !name.startsWith('[')).length;
  for (const missing of command.args.slice(args.length, required)) faults.push(`${missing} is missing`);
  for (const surplus of args.slice(command.args.length)) faults.push(`unexpected argument ${JSON.stringify(surplus)}`);
  faults.push(...wholeNumberFault(options, 'patience', 0, MAX_PATIENCE_S));
  if (args.length >= required) faults.push(...(command.faults?.(args, options) ?? []));
  if (faults.length > 0) throw new UsageFailure(faults);
  return { command, args, options };
}

function wordsOf(argv: readonly string[], faults: string[]) {
  const entries = Object.entries(OPTIONS).map(
    ([name, { value }]) => [name, { type: value === null ? 'boolean' : 'string' }] as const,
  );
  const { tokens, values } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(entries),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    if (!isOption(token.name)) faults.push(`unknown option ${token.rawName}`);
    else if (OPTIONS[token.name].value === null && token.value !== undefined)
      faults.push(`--${token.name} does not accept a value`);
    else if (OPTIONS[token.name].value !== null && token.value === undefined)
      faults.push(`--${token.name} requires a value`);
  }
  return { values, words };
}

/** The command whose words the command line begins with; of several, the longest. */
function commandOf(words: readonly string[], commands: readonly Command[]): Command | null {
  const matching = commands.filter((each) => each.words.split(' ').every((word, at) => words[at] === word));
  return matching.toSorted((a, b) => b.words.length - a.words.length)[0] ?? null;
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): string {
  const known = commands.map((each) => each.words).join(', ');
  return words.length === 0
    ? `missing command; known commands: ${known}`
    : `unknown command ${JSON.stringify(words[0])}; known commands: ${known}`;
}

const usageOf = ({ words, args, options, required = [] }: Command): string => {
  const shown = options.map((name) => {
    const { value } = OPTIONS[name];
    const text = value === null ? `--${name}` : `--${name} ${value}`;
    return required.includes(name) ? text : `[${text}]`;
  });
  return ['turnkeeper', words, ...args, ...shown].join(' ');
};

const columns = (rows: readonly (readonly [left: string, right: string])[], width: number): string[] =>
  rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);

const optionRows = (names: readonly OptionName[]) =>
  names.map((name) => {
    const { value, description } = OPTIONS[name];
    return [value === null ? `--${name}` : `--${name} ${value}`, description] as const;
  });

/** The text of `--help` for one command, or for all if `command` is null. */
export function helpText(command: Command | null, commands: readonly Command[]): string {
  const head = command
    ? [
        `usage: ${usageOf(command)}`,
        '',
        command.description,
        '',
        'Options:',
        ...columns(optionRows(command.options), 20),
      ]
    : [
        'A terminal client for the HTTP API of a running turnkeeper.',
        '',
        'Commands:',
        ...commands.flatMap((each) => [`  ${usageOf(each)}`, `      ${each.description}`]),
        '',
        'Options:',
      ];
  return [
    ...head,
    ...columns(optionRows(COMMON), 20),
    '',
    'Environment:',
    ...columns(SETTINGS_HELP, 20),
    '',
    'Exit codes:',
    ...columns(
      Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning] as const),
      6,
    ),
  ].join('\n');
}
