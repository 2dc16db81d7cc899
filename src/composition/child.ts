// A child of an instance with several processes: runs the roles http and worker, and calls the actors of its parent.
import { readConfig, type Config, type ServiceAddresses } from '../config/config.ts';
import { parentPort } from '../processes/cluster.ts';
import { Requests } from '../processes/requests.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { compose } from './compose.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What a child receives from its parent. It contains passwords, so it is sent over the channel. */
export interface Order {
  /** `1` to `n`. The label `process` of metrics and the field `process` of log lines. */
  readonly name: string;
  readonly addresses: ServiceAddresses;
  /** Where all children listen. */
  readonly port: number;
}

const PARENT_MS = 10_000;

export interface Child {
  readonly log: Log;
  /** Starts the roles. `lifecycle` holds what was started. */
  readonly start: (lifecycle: Lifecycle, onFatal: (reason: string) => void) => Promise<void>;
  /** Reports to the parent why this process ends. */
  readonly failed: (reason: string) => Promise<void>;
}

/** Reads the settings and receives the order of the parent. Starts nothing yet.
 *  @throws ConfigError, which the parent then knows: a file that the settings name may have changed since its start */
export async function receiveOrder(): Promise<Child> {
  const requests = new Requests(parentPort());
  const failed = async (reason: string) => void (await requests.ask('failed', { reason }, PARENT_MS).catch(() => {}));
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    await failed((error as Error).message);
    throw error;
  }
  const { name, addresses, port } = (await requests.ask('order', {}, PARENT_MS)) as Order;
  const log = createLog(config.LOG_LEVEL, { process: name, pid: process.pid });
  const own: Config = {
    ...config,
    PORT: port,
    // The parent has the metrics port and has migrated the database.
    METRICS_PORT: undefined,
    migrate: false,
    roles: config.roles.filter((role) => role !== 'actors'),
  };
  return {
    log,
    async start(lifecycle, onFatal) {
      const { url } = await compose({
        config: own,
        addresses,
        lifecycle,
        log,
        onFatal,
        instance: { process: name, parent: requests },
      });
      await requests.ask('ready', { url }, PARENT_MS);
    },
    failed,
  };
}
