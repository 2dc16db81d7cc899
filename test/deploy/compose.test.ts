// Checks compose.yml and the files that it mounts, as Docker Compose reads them. Nothing is started: CI does that.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import test from 'ava';
import { readConfig } from '../../src/config/config.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { OUTBOX_TYPES } from '../../src/domain/topics.ts';
import {
  ROLES,
  ROOT,
  argument,
  check,
  generatedEnv,
  project,
  resources,
  run,
  service,
  setting,
  waitsFor,
  yaml,
  type Resource,
} from './project.ts';

check('the secrets that make-env creates are all required variables of compose.yml', (t) => {
  const { status, stderr } = run(generatedEnv);
  t.is(status, 0, stderr);
});

for (const name of ['DAPR_API_TOKEN', 'APP_API_TOKEN', 'API_KEYS']) {
  check(`without ${name} compose fails, and the message names the variable`, (t) => {
    const { status, stderr } = run({ ...generatedEnv, [name]: '' });
    t.not(status, 0);
    t.regex(stderr, new RegExp(`required variable ${name} is missing a value: set ${name}, see \\.env\\.example`));
  });
}

test('.env.example names every variable that compose.yml requires', (t) => {
  const example = parseEnv(readFileSync(join(ROOT, '.env.example'), 'utf8'));
  const required = readFileSync(join(ROOT, 'compose.yml'), 'utf8').matchAll(/\$\{([A-Z_]+):\?/g);
  for (const [, name] of required) t.true(Object.hasOwn(example, name!), name);
});

check('each role accepts its command and settings', (t) => {
  for (const role of ROLES) {
    const { command, environment } = service(role);
    const env = Object.fromEntries(Object.entries(environment ?? {}).map(([name, value]) => [name, value ?? '']));
    const config = readConfig([...command!], env);
    t.deepEqual(config.roles, [role]);
    t.is(config.ACTOR_RUNTIME, 'dapr');
    t.deepEqual(
      Object.keys(env).filter((name) => !(name in SETTINGS)),
      [],
      `${role} has variables that are not settings`,
    );
  }
  t.is(service('http').environment?.['AUTH'], 'keys');
});

check('every role has a daprd on its loopback, in a network that neither of them owns', (t) => {
  for (const [role, appId] of [
    ['http', 'turnkeeper-http'],
    ['worker', 'turnkeeper-worker'],
    ['actors', 'turnkeeper'],
  ] as const) {
    t.is(service(role).network_mode, `service:${role}-pod`);
    t.is(service(`${role}-dapr`).network_mode, `service:${role}-pod`);
    t.is(argument(`${role}-dapr`, '--app-id'), appId);
    t.is(argument(`${role}-dapr`, '--dapr-http-port'), setting(role, 'DAPR_HTTP_PORT'));
    t.is(argument(`${role}-dapr`, '--dapr-listen-addresses'), '127.0.0.1');
    t.truthy(waitsFor(role, `${role}-dapr`), 'otherwise daprd is stopped before the process that needs it to drain');
    for (const name of ['DAPR_API_TOKEN', 'APP_API_TOKEN']) {
      t.is(service(`${role}-dapr`).environment?.[name], generatedEnv[name]);
      t.is(service(role).environment?.[name], generatedEnv[name]);
    }
  }
  t.is(argument('actors-dapr', '--app-port'), setting('actors', 'APP_PORT'));
});

check('there is one version of Dapr, one of CockroachDB, and no floating tag', (t) => {
  const images = Object.values(project().services).map(({ image }) => image);
  const dapr = new Set(images.filter((image) => image.startsWith('daprio/')).map((image) => image.split(':')[1]));
  t.is(dapr.size, 1);
  t.is(new Set(images.filter((image) => image.startsWith('cockroachdb/'))).size, 1);
  for (const image of images) t.regex(image, /:(local|v?\d+\.\d+)/, image);
});

check('roles wait for the schema, and the schema for the database', (t) => {
  for (const role of ROLES) {
    t.is(waitsFor(role, 'migrate'), 'service_completed_successfully');
    t.is(waitsFor(role, 'redis'), 'service_healthy');
  }
  t.is(waitsFor('migrate', 'database'), 'service_completed_successfully');
  t.is(waitsFor('database', 'cockroachdb'), 'service_healthy');
  t.regex(service('database').command!.join(' '), /CREATE DATABASE IF NOT EXISTS turnkeeper/);
});

check('every service that can be checked has a health check', (t) => {
  for (const name of [
    'cockroachdb',
    'redis',
    'http',
    'worker',
    'actors',
    'prometheus',
    'grafana',
    ...ROLES.map((role) => `${role}-dapr`),
  ]) {
    t.truthy(service(name).healthcheck?.test, name);
  }
  t.regex(service('http').healthcheck!.test!.join(' '), /\/livez/);
  t.regex(service('actors').healthcheck!.test!.join(' '), /127\.0\.0\.1:3000\/healthz/);
  t.regex(service('worker').healthcheck!.test!.join(' '), new RegExp(`:${setting('worker', 'METRICS_PORT')}/livez`));
});

check('services restart and have a memory limit; one-shots do not restart', (t) => {
  for (const [name, { restart, mem_limit }] of Object.entries(project().services)) {
    const oneShot = name === 'database' || name === 'migrate';
    t.is(restart, oneShot ? 'no' : 'unless-stopped', name);
    if (!oneShot) t.truthy(mem_limit, name);
  }
});

check('Redis evicts no keys and persists them', (t) => {
  const command = service('redis').command!.join(' ');
  t.regex(command, /--maxmemory-policy noeviction/);
  t.regex(command, /--appendonly yes --appendfsync everysec/);
});

check('only the ingress, Zipkin, Prometheus and Grafana are published, on loopback', (t) => {
  const published = Object.entries(project().services).flatMap(([name, { ports = [] }]) =>
    ports.map(({ host_ip, target }) => `${name} ${host_ip}:${target}`),
  );
  t.deepEqual(published.toSorted(), [
    'grafana 127.0.0.1:3000',
    'http-pod 127.0.0.1:8080',
    'prometheus 127.0.0.1:9090',
    'zipkin 127.0.0.1:9411',
  ]);
});

check('files mounted from the checkout exist and are read-only', (t) => {
  for (const { volumes = [] } of Object.values(project().services)) {
    for (const { source, read_only } of volumes.filter((volume) => volume.source.startsWith('.'))) {
      t.true(existsSync(join(ROOT, source)), source);
      t.true(read_only, source);
    }
  }
  t.true(existsSync(join(ROOT, argument('actors-dapr', '--config')!.replace(/^\//, ''))));
});

check('components contain no secrets, and daprd gets every secret that they name', (t) => {
  const all = resources();
  const named = (one: Resource) =>
    one.spec.metadata?.flatMap(({ secretKeyRef }) => (secretKeyRef ? [secretKeyRef.name] : [])) ?? [];
  const state = all.find(({ metadata }) => metadata.name === 'actorstate')!;
  t.is(state.spec.type, 'state.cockroachdb');
  t.is(state.spec.version, 'v2');
  t.deepEqual(state.scopes, ['turnkeeper']);
  const connection = state.spec.metadata?.find(({ name }) => name === 'connectionString');
  t.is(connection?.value, undefined);
  t.is(connection?.secretKeyRef?.name, 'DATABASE_URL');
  const prefix = all
    .find(({ metadata }) => metadata.name === 'secrets')!
    .spec.metadata?.find(({ name }) => name === 'prefix')?.value;
  for (const role of ROLES) {
    const [appId, env] = [argument(`${role}-dapr`, '--app-id')!, service(`${role}-dapr`).environment ?? {}];
    const loads = all.filter(({ scopes }) => scopes?.includes(appId) ?? true);
    for (const component of loads) {
      for (const secret of named(component))
        t.true(`${prefix}${secret}` in env, `${role}-dapr lacks ${prefix}${secret}`);
      if (named(component).length > 0) t.is(component.auth?.secretStore, 'secrets');
    }
  }
  for (const role of ROLES) {
    const env = service(role).environment ?? {};
    for (const secret of ['DATABASE_URL', 'OPENAI_API_KEY'])
      t.false(secret in env, `${role} reads ${secret} from the store`);
    t.is(env['DAPR_SECRET_STORE'], 'secrets');
  }
  t.false('TURNKEEPER_SECRET_OPENAI_API_KEY' in (service('http-dapr').environment ?? {}));
});

check('pub/sub names the publishers and subscribers of each topic, and the length of topics is limited', (t) => {
  const pubsub = resources().find(({ metadata }) => metadata.name === 'pubsub')!;
  const value = (wanted: string) => pubsub.spec.metadata?.find(({ name }) => name === wanted)?.value ?? '';
  const scopes = (name: string) =>
    Object.fromEntries(
      value(name)
        .split(';')
        .map((part) => part.split('=') as [string, string]),
    );
  const outgoing = Object.keys(OUTBOX_TYPES).join(',');
  const [worker, actors] = ['worker-dapr', 'actors-dapr'].map((name) => argument(name, '--app-id')!);
  t.is(scopes('publishingScopes')[worker!], outgoing);
  t.is(scopes('subscriptionScopes')[actors!], 'review-decisions');
  for (const appId of Object.keys({ ...scopes('publishingScopes'), ...scopes('subscriptionScopes') }))
    t.true(pubsub.scopes?.includes(appId), appId);
  for (const appId of pubsub.scopes ?? [])
    t.true(appId in scopes('publishingScopes'), `${appId} could publish to every topic`);
  t.true(Number(value('maxLenApprox')) > 0);
});

check('daprds and roles send their spans to the same Zipkin', (t) => {
  const [configuration] = yaml<{ spec: { tracing: { zipkin: { endpointAddress: string } } } }>(
    'deploy/dapr/tracing.yaml',
  );
  const { endpointAddress } = configuration!.spec.tracing.zipkin;
  for (const role of ROLES) t.is(argument(`${role}-dapr`, '--config'), '/deploy/dapr/tracing.yaml');
  for (const role of ROLES) t.is(setting(role, 'OTEL_EXPORTER_ZIPKIN_ENDPOINT'), endpointAddress);
  const { hostname, port } = new URL(endpointAddress);
  t.truthy(project().services[hostname]);
  t.is(port, '9411');
});

interface Scrape {
  readonly job_name: string;
  readonly metrics_path?: string;
  readonly authorization?: object;
  readonly static_configs: readonly { targets: readonly string[]; labels?: { role?: string } }[];
}
check('Prometheus scrapes the metrics port of every role, with its alert rules, and only services that exist', (t) => {
  const [config] = yaml<{ scrape_configs: Scrape[]; rule_files: string[] }>('deploy/prometheus.yml');
  const ours = config!.scrape_configs.find(({ job_name }) => job_name === 'turnkeeper')!;
  t.is(ours.metrics_path, '/metrics');
  t.is(ours.authorization, undefined);
  t.deepEqual(
    ours.static_configs.map(({ targets, labels }) => [labels?.role, ...targets]),
    ROLES.map((role) => [role, `${role}-pod:${setting(role, 'METRICS_PORT')}`]),
  );
  // All addresses, but the port is not published.
  for (const role of ROLES) t.is(setting(role, 'METRICS_HOST'), '0.0.0.0');
  for (const { static_configs } of config!.scrape_configs) {
    for (const target of static_configs.flatMap(({ targets }) => targets))
      t.truthy(project().services[target.split(':')[0]!], target);
  }
  const mounted = service('prometheus').volumes!.map(({ target }) => target);
  for (const file of config!.rule_files) t.true(mounted.includes(`/etc/prometheus/${file}`), file);
});

interface DataSource {
  readonly uid: string;
  readonly url: string;
}
check('Grafana allows anonymous viewing and no sign-in, and reads existing data sources and dashboards', (t) => {
  const env = service('grafana').environment!;
  t.is(env['GF_AUTH_ANONYMOUS_ORG_ROLE'], 'Viewer');
  t.is(env['GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION'], 'true');
  const folder = 'deploy/grafana/provisioning';
  const [sources] = yaml<{ datasources: DataSource[] }>(`${folder}/datasources/prometheus.yml`);
  for (const { url } of sources!.datasources) t.truthy(project().services[new URL(url).hostname], url);
  const [dashboards] = yaml<{ providers: { options: { path: string } }[] }>(`${folder}/dashboards/turnkeeper.yml`);
  const mounts = new Map(service('grafana').volumes!.map(({ source, target }) => [target, source]));
  const dashboardFolder = mounts.get(dashboards!.providers[0]!.options.path)!;
  const home = env['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']!;
  t.true(existsSync(join(ROOT, dashboardFolder, home.split('/').at(-1)!)), home);
  t.true(existsSync(join(ROOT, mounts.get('/etc/grafana/provisioning')!, 'datasources/prometheus.yml')));
});

test('the image uses the Node version that package.json pins', (t) => {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    devDependencies: { node: string };
  };
  t.true(readFileSync(join(ROOT, 'Dockerfile'), 'utf8').includes(`NODE_IMAGE=node:${devDependencies.node}-slim`));
});

check('the hosted CI uses the CockroachDB version of compose.yml', (t) => {
  const ci = readFileSync(join(ROOT, '.github/workflows/ci.yml'), 'utf8');
  t.is(yaml('.github/workflows/ci.yml').length, 1);
  t.true(ci.includes(service('cockroachdb').image));
});
