// Starts daprd and placement for this process. They are built by `npm run dapr:build` or found on the PATH.
import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { daprPaths } from '../scripts/dapr-build.mjs';
import type { ProcessRole } from '../src/config/config.ts';
import { startChild, type Child } from './child.ts';
import type { Service } from './service.ts';
import { freePort } from './ports.ts';

const COMPONENTS = new URL('../components', import.meta.url).pathname;
const READY_MS = 30_000;
const REDIS_PORT = 6379;

export interface DaprBinaries {
  readonly daprd: string;
  readonly placement: string;
}

const executable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The binaries that `npm run dapr:build` made, else those on the PATH. Null: neither exists. */
export function findDapr(path: string): DaprBinaries | null {
  const built = daprPaths();
  if (built?.built) return built;
  const find = (name: string) =>
    path
      .split(delimiter)
      .map((dir) => join(dir, name))
      .find(executable);
  const daprd = find('daprd');
  const placement = find('placement');
  return daprd && placement ? { daprd, placement } : null;
}

export interface DaprOptions {
  readonly binaries: DaprBinaries;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Role of the process that uses this daprd. Default: actors. Only the daprd of an actor host calls its app. */
  readonly role?: ProcessRole;
  /** A daprd that has ended. The new one uses the same ports and tokens. For crash tests. */
  readonly insteadOf?: Sidecar;
}

export interface Placement extends Service {
  readonly port: number;
  /** For crash tests. */
  readonly kill: Child['kill'];
}

const answers = (port: number, path: string) => async () => (await fetch(`http://127.0.0.1:${port}${path}`)).ok;

function asService(name: string, detail: string, child: Child): Service {
  return { name, detail, exited: child.exited, stop: () => child.stop() };
}

/** `{ port: 1 }` → `['--port=1']` */
const flagsOf = (flags: Readonly<Record<string, string | number | boolean>>): string[] =>
  Object.entries(flags).map(([name, value]) => `--${name}=${value}`);

/** Starts the placement service, from which every daprd learns the host of each actor. `insteadOf`: one that has ended,
 *  whose port is used again. The other ports are free ones. */
export async function startPlacement(
  { placement }: DaprBinaries,
  dataDir: string,
  insteadOf?: Placement,
): Promise<Placement> {
  const [healthPort, raftPort] = [await freePort(), await freePort()];
  const port = insteadOf?.port ?? (await freePort());
  const child = await startChild({
    name: 'placement',
    dataDir,
    command: placement,
    args: flagsOf({
      port,
      'listen-address': '127.0.0.1',
      'healthz-port': healthPort,
      id: 'dapr-placement-0',
      'initial-cluster': `dapr-placement-0=127.0.0.1:${raftPort}`,
      'enable-metrics': false,
      'log-level': 'info',
    }),
    ready: answers(healthPort, '/healthz'),
    readyTimeoutMs: READY_MS,
  });
  return { ...asService('placement', `127.0.0.1:${port}`, child), port, kill: (signal) => child.kill(signal) };
}

export interface Sidecar extends Service {
  readonly httpPort: number;
  readonly apiToken: string;
  /** Port on which daprd calls the actor host of this process. */
  readonly appPort: number;
  readonly appToken: string;
  /** For crash tests. */
  readonly kill: Child['kill'];
}

/** Environment variables of daprd that hold the secrets which components/pubsub.yaml names. */
export function redisSecrets(redisUrl: string): Record<string, string> {
  const { protocol, hostname, port, username, password, pathname } = new URL(redisUrl);
  return {
    TURNKEEPER_SECRET_REDIS_HOST: `${hostname}:${port || REDIS_PORT}`,
    TURNKEEPER_SECRET_REDIS_USERNAME: decodeURIComponent(username),
    TURNKEEPER_SECRET_REDIS_PASSWORD: decodeURIComponent(password),
    TURNKEEPER_SECRET_REDIS_DB: pathname.slice(1) || '0',
    TURNKEEPER_SECRET_REDIS_TLS: String(protocol === 'rediss:'),
  };
}

/** Starts a daprd for one turnkeeper process. It serves actor calls once an actor host listens on its `appPort`. */
export async function startSidecar(options: DaprOptions, placementPort: number): Promise<Sidecar> {
  const { binaries, dataDir, databaseUrl, redisUrl, role = 'actors', insteadOf } = options;
  const [grpcPort, internalPort] = [await freePort(), await freePort()];
  const [httpPort, appPort] = [insteadOf?.httpPort ?? (await freePort()), insteadOf?.appPort ?? (await freePort())];
  const apiToken = insteadOf?.apiToken ?? randomBytes(24).toString('base64url');
  const appToken = insteadOf?.appToken ?? randomBytes(24).toString('base64url');
  const hosts = role === 'actors';
  const child = await startChild({
    name: hosts ? 'daprd' : `daprd-${role}`,
    dataDir,
    command: binaries.daprd,
    args: flagsOf({
      // Part of the key of stored actor state, so all actor hosts use the same app id.
      'app-id': hosts ? 'turnkeeper' : `turnkeeper-${role}`,
      ...(hosts ? { 'app-port': appPort, 'app-channel-address': '127.0.0.1', 'app-protocol': 'http' } : {}),
      'dapr-http-port': httpPort,
      'dapr-grpc-port': grpcPort,
      'dapr-internal-grpc-port': internalPort,
      'dapr-listen-addresses': '127.0.0.1',
      'dapr-internal-grpc-listen-address': '127.0.0.1',
      'placement-host-address': `127.0.0.1:${placementPort}`,
      'resources-path': COMPONENTS,
      'enable-metrics': false,
      'log-level': 'info',
    }),
    env: {
      DAPR_HOST_IP: '127.0.0.1',
      DAPR_API_TOKEN: apiToken,
      APP_API_TOKEN: appToken,
      TURNKEEPER_SECRET_DATABASE_URL: databaseUrl,
      ...redisSecrets(redisUrl),
    },
    // Any status will do: daprd becomes healthy only when the actor host answers, which starts after it.
    ready: async () => (await fetch(`http://127.0.0.1:${httpPort}/v1.0/healthz`)).status > 0,
    readyTimeoutMs: READY_MS,
  });
  const service = asService('daprd', `127.0.0.1:${httpPort}`, child);
  return { ...service, httpPort, apiToken, appPort, appToken, kill: (signal) => child.kill(signal) };
}
