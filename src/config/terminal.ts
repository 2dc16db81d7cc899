// What the terminal program takes from the environment. It is a program of its own, so it has a place of its own for
// that: src/config/config.ts is the server's, whose settings mean nothing here.
export interface CliSettings {
  /** Where turnkeeper is. */
  readonly url: string;
  readonly key: string | undefined;
}

/** Where `npm start` listens unless it is told otherwise. */
const DEFAULT_URL = 'http://127.0.0.1:8080';

export const SETTINGS_HELP: readonly (readonly [name: string, meaning: string])[] = [
  ['TURNKEEPER_URL', `address of turnkeeper [${DEFAULT_URL}]`],
  ['TURNKEEPER_KEY', 'API key; better here than as --key, which other users of the machine can see'],
  ['NO_COLOR', 'no colours, also on a terminal'],
];

/** Reads them; an empty variable counts as not set. NO_COLOR is honoured by node:util's styleText. */
export const readSettings = (env: NodeJS.ProcessEnv = process.env): CliSettings => ({
  url: env['TURNKEEPER_URL'] || DEFAULT_URL,
  key: env['TURNKEEPER_KEY'] || undefined,
});
