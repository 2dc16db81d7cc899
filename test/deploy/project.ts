// Reads compose.yml and the files that it mounts, as Docker Compose does.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import test from 'ava';
import { composecheck } from './composecheck.ts';

export const ROOT = new URL('../..', import.meta.url).pathname;
export const ROLES = ['http', 'worker', 'actors'];
const tool = composecheck();
const missing = 'missing' in tool ? tool.missing : null;
const program = 'program' in tool ? tool.program : '';
if (missing !== null) console.log(`compose.yml is not checked: ${missing}.`);
export const check = missing === null ? test : test.skip;

export const generatedEnv = parseEnv(
  execFileSync(process.execPath, ['deploy/make-env.mjs'], { cwd: ROOT, encoding: 'utf8' }),
);
const path = { PATH: process.env['PATH'] ?? '' };
/** All variables of compose.yml with empty values, so that a developer's .env has no effect. */
const emptyVariables = Object.fromEntries(
  [...readFileSync(join(ROOT, 'compose.yml'), 'utf8').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => [name!, '']),
);

export interface Service {
  readonly image: string;
  readonly command: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean; readonly timeout?: string };
  readonly ports?: readonly { host_ip?: string; published: string; target: number }[];
  readonly network_mode?: string;
  readonly restart?: string;
  readonly mem_limit?: string;
  readonly volumes?: readonly { source: string; target: string; read_only?: boolean }[];
}
export interface Project {
  readonly services: Readonly<Record<string, Service>>;
}

export const run = (env: Record<string, string | undefined>) =>
  spawnSync(program, [join(ROOT, 'compose.yml')], { env: { ...path, ...emptyVariables, ...env }, encoding: 'utf8' });

let loaded: Project | undefined;
export const project = () => (loaded ??= JSON.parse(run(generatedEnv).stdout) as Project);
export const service = (name: string): Service => {
  const found = project().services[name];
  if (!found) throw new Error(`compose.yml has no service ${name}`);
  return found;
};
export const waitsFor = (name: string, other: string) => service(name).depends_on?.[other]?.condition;
export const setting = (name: string, variable: string) => service(name).environment?.[variable] ?? undefined;
export const argument = (name: string, flag: string) =>
  service(name)
    .command?.find((word) => word.startsWith(`${flag}=`))
    ?.slice(flag.length + 1);

export interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly scopes?: readonly string[];
  readonly auth?: { readonly secretStore: string };
  readonly spec: {
    type?: string;
    version?: string;
    metadata?: { name: string; value?: string; secretKeyRef?: { name: string } }[];
  };
}
export const yaml = <T>(file: string) =>
  JSON.parse(execFileSync(program, ['--yaml', join(ROOT, file)], { encoding: 'utf8' })) as T[];
export const resources = () =>
  readdirSync(join(ROOT, 'components'))
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => yaml<Resource>(`components/${file}`));
