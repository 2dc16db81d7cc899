// The entry point: reads the settings, starts the services, composes the roles, and stops everything in reverse order.
import closeWithGrace from 'close-with-grace';
import { readSecrets } from './dapr/secrets.ts';
import type { App } from './composition/compose.ts';
import {
  type ServiceAddresses,
  ConfigError,
  DAPR_HTTP_PORT,
  helpText,
  readConfig,
  SECRETS,
  type Config,
} from './config/config.ts';
import { watchParent } from '../local/parent-watch.ts';
import { freePort } from '../local/ports.ts';
import { ServiceError } from '../local/service.ts';
import { startServices } from '../local/services.ts';
import { Lifecycle } from './composition/lifecycle.ts';
import { isChild } from './processes/cluster.ts';
import { createLog, type Log } from './telemetry/log.ts';

/** Longer than the time that running turns get (DRAIN_MS) plus the time to stop the services. */
const STOP_DEADLINE_MS = 30_000;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A terminal's Ctrl-C reaches this process directly, and again from npm or a parent. Only a later signal is a second one. */
const SAME_SIGNAL_MS = 1_000;

function banner(app: App, addresses: ServiceAddresses, config: Config): string {
  const model =
    config.OPENAI_BASE_URL || config.OPENAI_API_KEY
      ? addresses.model.name
      : 'offline model (not a language model; set OPENAI_API_KEY)';
  const lines = [
    `turnkeeper is ready${app.url === null ? '' : ` at ${app.url}`}`,
    `  database  ${config.DATABASE_URL ? 'DATABASE_URL' : `embedded PostgreSQL, data in ${config.DATA_DIR}`}`,
    `  redis     ${config.REDIS_URL ? 'REDIS_URL' : 'embedded Redis'}`,
    `  model     ${model}${config.ASSISTANTS ? `, and the models of ${config.ASSISTANTS}` : ''}`,
    `  actors    ${app.runtime}`,
    ...(config.PROCESSES > 1 ? [`  processes ${config.PROCESSES}`] : []),
    ...(app.metricsUrl === null ? [] : [`  metrics   ${app.metricsUrl}/metrics`]),
  ];
  if (app.url !== null) {
    lines.push(
      '',
      'Try it:',
      `  curl -s ${app.url}/chat -H 'content-type: application/json' -H 'prefer: wait=30' -d '{"user_id":"alice","text":"Hello, I am Alice and I like tea."}'`,
      `  open ${app.url}/docs`,
    );
  }
  return lines.join('\n');
}

/** Returns the settings, with secrets that are not set read from Dapr's secret store. */
async function withSecrets(config: Config): Promise<Config> {
  const { DAPR_SECRET_STORE: store, DAPR_API_TOKEN: apiToken, environment } = config;
  if (store === undefined) return config;
  const missing = SECRETS.filter((name) => config[name] === undefined);
  const secrets = await readSecrets({ httpPort: config.DAPR_HTTP_PORT ?? DAPR_HTTP_PORT, apiToken }, store, missing);
  return readConfig(process.argv.slice(2), { ...environment, ...secrets, DAPR_SECRET_STORE: '' });
}

interface Run {
  readonly log: Log;
  /** Starts everything. `lifecycle` holds what was started; `fail` stops it again, with the reason. */
  readonly start: (lifecycle: Lifecycle, fail: (reason: string) => void) => Promise<void>;
  /** Prints a line to the user's terminal. */
  readonly say: (line: string) => void;
  /** Called with the reason before a stop because of a failure. */
  readonly onFail?: (reason: string) => Promise<void>;
}

/** Starts this process and stops it in reverse order: on a signal, when its parent ends, or when something fails. */
async function run({ log, start, say, onFail = async () => {} }: Run): Promise<void> {
  const lifecycle = new Lifecycle(log);
  let failed = false;
  const grace = closeWithGrace({ delay: STOP_DEADLINE_MS, logger: false, skip: [...STOP_SIGNALS] }, async ({ err }) => {
    if (err) {
      failed = true;
      log.error({ err }, 'turnkeeper stops because of an error.');
    }
    say('stopping …');
    await lifecycle.stop();
    // The library exits with status 0 unless this rejects.
    if (failed) throw new Error('turnkeeper stopped because of an error');
  });
  // A second call of `close` would run the handler above again.
  let closing = false;
  const stopOnce = () => {
    if (closing || lifecycle.stopping) return;
    closing = true;
    grace.close();
  };
  const fail = (reason: string) => {
    failed = true;
    say(`turnkeeper stops: ${reason}`);
    void onFail(reason).then(stopOnce);
  };
  watchParent(stopOnce);
  let firstAt: number | null = null;
  for (const signal of STOP_SIGNALS)
    process.on(signal, () => {
      firstAt ??= performance.now();
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1);
      stopOnce();
    });
  try {
    await start(lifecycle, fail);
  } catch (error) {
    // An error during a stop was caused by the stop.
    if (lifecycle.stopping) return;
    if (!(error instanceof ServiceError)) log.debug({ err: error }, 'The start failed.');
    fail((error as Error).message);
  }
}

const say = (line: string) => void process.stderr.write(`${line}\n`);

/** Runs turnkeeper. With PROCESSES above 1 this process is the parent of the others. */
async function runServer(settings: Config): Promise<void> {
  const several = settings.PROCESSES > 1;
  // A process that is restarted must listen on the same port.
  const config = several && settings.PORT === 0 ? { ...settings, PORT: await freePort() } : settings;
  const log = createLog(config.LOG_LEVEL, several ? { process: 'primary', pid: process.pid } : {});
  await run({
    log,
    say,
    async start(lifecycle, onFatal) {
      const onEnd = (service: string) =>
        onFatal(`${service} stopped unexpectedly; its log is in ${config.DATA_DIR}/logs`);
      const path = config.environment['PATH'] ?? '';
      const { addresses, announce } = await startServices({ config, lifecycle, log, path, say, onEnd });
      const options = { config, addresses, lifecycle, log, onFatal };
      // Loaded only here, because the parent needs neither the ingress nor the worker.
      const app = several
        ? await (await import('./composition/primary.ts')).composePrimary(options)
        : await (await import('./composition/compose.ts')).compose(options);
      if (app.url !== null) announce(app.url);
      process.stdout.write(`${banner(app, addresses, config)}\n`);
    },
  });
}

/** Runs one of the processes that the parent started. The parent reports to the user. */
async function runChild(): Promise<void> {
  const { receiveOrder } = await import('./composition/child.ts');
  const { log, start, failed } = await receiveOrder();
  await run({ log, start, say: () => {}, onFail: failed });
}

if (isChild()) {
  await runChild();
} else if (process.argv.includes('--help')) {
  process.stdout.write(`${helpText()}\n`);
} else {
  try {
    await runServer(await withSecrets(readConfig()));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
