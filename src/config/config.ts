// Reads the settings from the environment and checks the rules between them. The server reads process.env only here.
import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { readAssistantsFile, type AssistantsFile } from '../domain/assistants/assistants-file.ts';
import { isLoopback } from '../domain/limits.ts';
import { commaSeparated } from './setting-kinds.ts';
import { SETTINGS } from './settings.ts';

export const ROLES = ['http', 'worker', 'actors'] as const;
export type ProcessRole = (typeof ROLES)[number];

type SettingName = keyof typeof SETTINGS;
export type Settings = { readonly [N in SettingName]: z.output<(typeof SETTINGS)[N]['parse']> };

export interface Config extends Settings {
  readonly roles: readonly ProcessRole[];
  /** The whole environment, to find and start other programs. */
  readonly environment: NodeJS.ProcessEnv;
  /** Null: no assistants file is configured. */
  readonly assistants: AssistantsFile | null;
  /** Migrate the database before the start. */
  readonly migrate: boolean;
}

/** All faults of the settings, one line each. Nothing has been started. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`turnkeeper cannot start:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** The default HTTP port of daprd. */
export const DAPR_HTTP_PORT = 3500;

/** Settings that may come from Dapr's secret store. */
export const SECRETS = ['DATABASE_URL', 'OPENAI_API_KEY'] as const satisfies readonly SettingName[];

const JWT_SETTINGS = ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_JWKS_URL'] as const;

/** The faults between settings. */
function crossFaults(settings: Settings, roles: readonly ProcessRole[]): string[] {
  const split = roles.length < ROLES.length;
  const rules: [boolean, string][] = [
    [
      settings.AUTH === 'none' && !isLoopback(settings.HOST),
      'AUTH: none is only allowed on a loopback HOST; set AUTH=keys and API_KEYS',
    ],
    ...JWT_SETTINGS.map((name): [boolean, string] => [
      settings.AUTH === 'jwt' && settings[name] === undefined,
      `${name}: required if AUTH=jwt`,
    ]),
    [settings.AUTH === 'keys' && settings.API_KEYS.length === 0, 'API_KEYS: at least one key is required if AUTH=keys'],
    [
      split && settings.DATABASE_URL === undefined && settings.DAPR_SECRET_STORE === undefined,
      'DATABASE_URL: required if the roles run in several processes',
    ],
    [split && settings.REDIS_URL === undefined, 'REDIS_URL: required if the roles run in several processes'],
    [split && settings.ACTOR_RUNTIME === 'embedded', 'ACTOR_RUNTIME: embedded requires all roles in one process'],
    [
      settings.PROCESSES > 1 && !roles.includes('http') && !roles.includes('worker'),
      'PROCESSES: more than 1 requires the role http or worker',
    ],
    [
      settings.OPENAI_MODEL !== undefined &&
        settings.OPENAI_BASE_URL === undefined &&
        settings.OPENAI_API_KEY === undefined,
      'OPENAI_MODEL: requires OPENAI_API_KEY or OPENAI_BASE_URL too',
    ],
  ];
  return rules.filter(([broken]) => broken).map(([, fault]) => fault);
}

function parseRoles(value: string, faults: string[]): ProcessRole[] {
  const names = commaSeparated(value);
  const unknown = names.filter((role) => !ROLES.some((known) => known === role));
  if (unknown.length > 0 || names.length === 0)
    faults.push(`--roles: must be one or more of ${ROLES.join(', ')}, separated by commas`);
  return ROLES.filter((role) => names.includes(role));
}

/** Reads arguments and environment. An empty variable counts as not set.
 *  @throws ConfigError with all faults at once */
export function readConfig(
  args: readonly string[] = process.argv.slice(2),
  env: NodeJS.ProcessEnv = process.env,
): Config {
  const faults: string[] = [];
  let flags: { roles: string; migrate: boolean };
  try {
    flags = parseArgs({
      args: [...args],
      options: { roles: { type: 'string', default: ROLES.join(',') }, migrate: { type: 'boolean', default: false } },
    }).values;
  } catch (error) {
    throw new ConfigError([(error as Error).message]);
  }
  const roles = parseRoles(flags.roles, faults);
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const result = setting.parse.safeParse(env[name] === '' ? undefined : env[name]);
    if (result.success) values[name] = result.data;
    else faults.push(...result.error.issues.map((issue) => `${name}: must be ${issue.message}`));
  }
  const file = env['ASSISTANTS'];
  const assistants = file
    ? readAssistantsFile(file, {
        environment: roles.includes('worker') ? env : null,
        allowPrivate: values['TOOLS_ALLOW_PRIVATE'] === 'yes',
      })
    : null;
  for (const fault of assistants?.faults ?? []) faults.push(`ASSISTANTS: must be a valid assistants file: ${fault}`);
  if (faults.length > 0) throw new ConfigError(faults);
  const settings = values as unknown as Settings;
  const broken = crossFaults(settings, roles);
  if (broken.length > 0) throw new ConfigError(broken);
  return { ...settings, roles, environment: env, assistants, migrate: flags.migrate };
}

/** The text of `--help`: every setting with its meaning, unit and default. */
export function helpText(): string {
  const width = Math.max(...Object.keys(SETTINGS).map((name) => name.length)) + 2;
  const rows = Object.entries(SETTINGS).map(
    ([name, { fallback, meaning }]) => `  ${name.padEnd(width)}${meaning} [${fallback ?? 'none'}]`,
  );
  return [
    'turnkeeper: durable, ordered, reviewed chat turns',
    '',
    'usage: npm start [-- --roles http,worker,actors]',
    '       node src/main.ts --roles http,worker,actors [--migrate]',
    '',
    'Settings (environment) [default]:',
    ...rows,
  ].join('\n');
}

/** A daprd next to this process. */
export interface DaprAddress {
  readonly httpPort: number;
  readonly apiToken: string | undefined;
  /** Where daprd calls our actor host. */
  readonly appPort: number;
  readonly appToken: string | undefined;
}

/** Addresses of the services that this process uses: started by `npm start`, or given by the settings. */
export interface ServiceAddresses {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly model: { readonly baseUrl: string | undefined; readonly apiKey: string | undefined; readonly name: string };
  /** Undefined: the embedded actor runtime. */
  readonly dapr: DaprAddress | undefined;
}
