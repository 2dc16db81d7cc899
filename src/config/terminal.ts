// The settings of the terminal program. They are separate from the settings of the server in src/config/config.ts.
export interface CliSettings {
  /** Address of turnkeeper. */
  readonly url: string;
  readonly key: string | undefined;
}

/** The default address of `npm start`. */
const DEFAULT_URL = 'http://127.0.0.1:8080';

export const SETTINGS_HELP: readonly (readonly [name: string, meaning: string])[] = [
  ['TURNKEEPER_URL', `address of turnkeeper [${DEFAULT_URL}]`],
  ['TURNKEEPER_KEY', 'API key; unlike --key, other users of the machine cannot see it'],
  ['NO_COLOR', 'disables colours'],
];

/** Reads the settings. An empty variable counts as not set. NO_COLOR is read by styleText of node:util. */
export const readSettings = (env: NodeJS.ProcessEnv = process.env): CliSettings => ({
  url: env['TURNKEEPER_URL'] || DEFAULT_URL,
  key: env['TURNKEEPER_KEY'] || undefined,
});
