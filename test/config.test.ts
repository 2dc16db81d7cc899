import test from 'ava';
import { ConfigError, helpText, readConfig } from '../src/config/config.ts';
import { SETTINGS } from '../src/config/settings.ts';

const faultsOf = (env: Record<string, string>, args: string[] = []): readonly string[] => {
  try {
    readConfig(args, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
};

test('without settings, the defaults of the contract apply', (t) => {
  t.like(readConfig([], {}), {
    HOST: '127.0.0.1',
    PORT: 8080,
    DATA_DIR: '.turnkeeper',
    ACTOR_RUNTIME: 'auto',
    EDGE_TOPICS: 'yes',
    TOOLS_ALLOW_PRIVATE: 'no',
    MODEL_TIMEOUT_S: 60,
    MODEL_RETRY_S: 120,
    MODEL_MAX_ATTEMPTS: undefined,
    HISTORY_EXCHANGES: 5,
    WORKER_CONCURRENCY: 512,
    QUEUE_LIMIT_PER_USER: 100,
    RATE_LIMIT_PER_USER: 60,
    QUEUE_LIMIT: 100_000,
    MEMORY_DEBOUNCE_MS: 1000,
    REVIEW_KEYWORDS: ['urgent', 'help', 'emergency'],
    REVIEW_DEADLINE_S: 86_400,
    REVIEW_ON_DEADLINE: 'expire',
    USER_HEADER: undefined,
    LEASE_S: 5,
    AUTH: 'none',
    roles: ['http', 'worker', 'actors'],
  });
});

test('METRICS_PORT must be a valid port number', (t) => {
  t.like(readConfig([], { METRICS_PORT: '9464' }), { METRICS_PORT: 9464, METRICS_HOST: '127.0.0.1' });
  for (const port of ['65536', '-1', 'x'])
    t.deepEqual(faultsOf({ METRICS_PORT: port }), ['METRICS_PORT: must be a port number']);
});

test('REVIEW_HELD_TEXT is a text that is not blank; the default contains no path', (t) => {
  t.notRegex(readConfig([], {}).REVIEW_HELD_TEXT, /\//);
  t.is(readConfig([], { REVIEW_HELD_TEXT: 'Please wait.' }).REVIEW_HELD_TEXT, 'Please wait.');
  for (const text of [' ', '\n', 'x'.repeat(2_001)])
    t.deepEqual(faultsOf({ REVIEW_HELD_TEXT: text }), ['REVIEW_HELD_TEXT: must be a text of 1 to 2000 characters']);
});

test('USER_HEADER is the name of a header that can name a user', (t) => {
  t.is(readConfig([], { USER_HEADER: 'X-User-Id' }).USER_HEADER, 'X-User-Id');
  for (const name of ['X User', 'X-User:', 'Zoë', 'Authorization', 'cookie', 'Host', 'x'.repeat(101)])
    t.deepEqual(faultsOf({ USER_HEADER: name }), ['USER_HEADER: must be the name of a header such as X-User-Id'], name);
});

test('EDGE_TOPICS is yes or no', (t) => {
  t.is(readConfig([], { EDGE_TOPICS: 'no' }).EDGE_TOPICS, 'no');
  for (const value of ['NO', 'false', 'human-review'])
    t.deepEqual(faultsOf({ EDGE_TOPICS: value }), ['EDGE_TOPICS: must be one of yes, no']);
});

test('PROCESSES is a whole number from 1 to 64, and processes need a role that scales', (t) => {
  t.is(readConfig([], {}).PROCESSES, 1);
  t.is(readConfig([], { PROCESSES: '64' }).PROCESSES, 64);
  for (const PROCESSES of ['0', '1.5', 'x', '65', '-1', '1e1', ' '])
    t.deepEqual(
      faultsOf({ PROCESSES, LEASE_S: 'x' }),
      ['PROCESSES: must be a whole number from 1 to 64', 'LEASE_S: must be a whole number from 2 to 3600'],
      PROCESSES,
    );
  const external = { DATABASE_URL: 'postgres://db/x', REDIS_URL: 'redis://redis', ACTOR_RUNTIME: 'dapr' };
  t.regex(
    faultsOf({ ...external, PROCESSES: '2' }, ['--roles', 'actors']).join(),
    /^PROCESSES: .* role http or worker$/,
  );
  for (const roles of ['http', 'worker', 'worker,actors'])
    t.deepEqual(faultsOf({ ...external, PROCESSES: '2' }, ['--roles', roles]), []);
  t.regex(helpText(), /PROCESSES .*\[1\]/);
});

test('an empty variable counts as not set', (t) => {
  t.is(readConfig([], { PORT: '' }).PORT, 8080);
  t.is(readConfig([], { METRICS_PORT: '' }).METRICS_PORT, undefined);
});

test('all faults are reported together', (t) => {
  const faults = faultsOf(
    {
      PORT: 'x',
      LEASE_S: '-1',
      ACTOR_RUNTIME: 'cloud',
      DATABASE_URL: 'mysql://x',
      API_KEYS: 'a:b:c',
      MODEL_TIMEOUT_S: '1.5',
    },
    ['--roles', 'http,queen'],
  );
  for (const name of ['PORT', 'LEASE_S', 'ACTOR_RUNTIME', 'DATABASE_URL', 'API_KEYS', 'MODEL_TIMEOUT_S', '--roles']) {
    t.true(
      faults.some((fault) => fault.startsWith(`${name}:`)),
      name,
    );
  }
  t.is(faults.length, 7);
});

test('an unknown argument is refused', (t) => {
  t.is(faultsOf({}, ['--role', 'http']).length, 1);
});

test('AUTH=none is only allowed on a loopback address', (t) => {
  t.deepEqual(faultsOf({ HOST: '127.0.0.2' }), []);
  t.deepEqual(faultsOf({ HOST: '::1' }), []);
  for (const HOST of ['0.0.0.0', '192.168.1.2', 'example.org', '::']) t.regex(faultsOf({ HOST }).join(), /AUTH/, HOST);
});

test('a key has a role, and the key of a user names the user', (t) => {
  const sha256 = 'A'.repeat(64);
  const { API_KEYS } = readConfig([], {
    AUTH: 'keys',
    API_KEYS: `app:service:${sha256}, phone:user:alice@example.org:${sha256}`,
  });
  t.deepEqual(API_KEYS, [
    { name: 'app', role: 'service', sha256: sha256.toLowerCase() },
    { name: 'phone', role: 'user:alice@example.org', sha256: sha256.toLowerCase() },
  ]);
  t.regex(faultsOf({ AUTH: 'keys' }).join(), /API_KEYS/);
});

test('AUTH=jwt requires the issuer, the audience, and a secure address of the keys', (t) => {
  const jwt = { AUTH: 'jwt', JWT_ISSUER: 'https://issuer.example', JWT_AUDIENCE: 'turnkeeper' };
  const faults = faultsOf({ AUTH: 'jwt', HOST: '0.0.0.0' });
  t.deepEqual(
    faults.map((fault) => fault.split(':')[0]),
    ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_JWKS_URL'],
  );
  for (const JWT_JWKS_URL of ['https://issuer.example/jwks.json', 'http://127.0.0.1:9000/jwks', 'http://[::1]/jwks'])
    t.deepEqual(faultsOf({ ...jwt, JWT_JWKS_URL }), [], JWT_JWKS_URL);
  for (const JWT_JWKS_URL of [
    'http://issuer.example/jwks.json',
    'http://127.0.0.1.example/',
    'file:///etc/keys',
    'keys',
  ])
    t.regex(faultsOf({ ...jwt, JWT_JWKS_URL }).join(), /^JWT_JWKS_URL: /, JWT_JWKS_URL);
  t.is(readConfig([], {}).JWT_ROLE_CLAIM, 'turnkeeper_role');
});

test('roles in several processes require shared services', (t) => {
  const faults = faultsOf({ ACTOR_RUNTIME: 'embedded' }, ['--roles', 'http']).join();
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'ACTOR_RUNTIME']) t.true(faults.includes(name), name);
});

test('--help lists every setting', (t) => {
  for (const name of Object.keys(SETTINGS)) t.regex(helpText(), new RegExp(`^  ${name} {2,}\\S`, 'm'), name);
});
