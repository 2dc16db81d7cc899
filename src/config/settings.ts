// All settings: names, kinds, meanings and defaults.
import { z } from 'zod';
import { isLoopback, MOST_EXCHANGES, USER_ID_PATTERN } from '../domain/limits.ts';
import { keywordForm } from '../domain/policy.ts';
import { readPolicyFile, type PolicyFile } from '../domain/policy-file.ts';
import { DEADLINE_OUTCOMES, HELD_TEXT } from '../domain/review.ts';
import {
  address,
  fraction,
  integer,
  oneOf,
  optional,
  optionalInteger,
  optionalPort,
  port,
  text,
  commaSeparated,
  type Setting,
} from './setting-kinds.ts';

const ROLE_OF_KEY = new RegExp(`^(user:${USER_ID_PATTERN}|service|reviewer|admin)$`);

/** Parses `name:role:sha256`. The role may contain colons (`user:alice`). Null: the entry is invalid. */
function parseKey(entry: string): ApiKey | null {
  const found = /^([^:]+):(.+):([0-9a-fA-F]{64})$/.exec(entry);
  if (!found || !ROLE_OF_KEY.test(found[2]!)) return null;
  return { name: found[1]!, role: found[2]!, sha256: found[3]!.toLowerCase() };
}

export interface ApiKey {
  readonly name: string;
  /** `user:<user_id>`, `service`, `reviewer` or `admin`. */
  readonly role: string;
  /** Hexadecimal SHA-256 of the key. */
  readonly sha256: string;
}

const apiKeys: Setting<ApiKey[]> = {
  fallback: null,
  meaning:
    'for AUTH=keys: name:role:sha256-of-the-key, separated by commas; role: user:<user_id>, service, reviewer, admin',
  parse: z
    .string()
    .default('')
    .transform(commaSeparated)
    .refine((entries) => entries.every((entry) => parseKey(entry)), {
      error: 'entries of the form name:role:sha256 (64 hexadecimal digits), separated by commas',
    })
    .transform((entries) => entries.map(parseKey).filter((key) => key !== null)),
};

/** The connection must be secure: a caller who can change the keys in transit can sign as any user. */
const jwksUrl: Setting<string | undefined> = {
  fallback: null,
  meaning: "for AUTH=jwt: address of the issuer's public keys (JWKS)",
  parse: z
    .string()
    .refine(
      (value) => {
        const { protocol, hostname } = URL.canParse(value) ? new URL(value) : { protocol: '', hostname: '' };
        return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
      },
      { error: 'an address such as https://issuer/jwks.json; http only on a loopback host' },
    )
    .optional(),
};

const DEFAULT_KEYWORDS = 'urgent,help,emergency';
const NO_KEYWORDS = 'none';

const keywords: Setting<string[]> = {
  fallback: DEFAULT_KEYWORDS,
  meaning: `words, separated by commas; a message that contains one of them, in any case and with or without accents, sends its reply to review; ${NO_KEYWORDS}: no words`,
  parse: z
    .string()
    .default(DEFAULT_KEYWORDS)
    .transform((value) => (value.trim() === NO_KEYWORDS ? [] : commaSeparated(value)))
    .refine((list) => list.every((word) => word.length <= 100 && keywordForm(word).trim() !== ''), {
      error: 'words of 1 to 100 visible characters each',
    }),
};

const policyFile: Setting<PolicyFile | null> = {
  fallback: null,
  meaning:
    'JSON file with more review rules for messages and replies; it is read again when it changes; see docs/review-policy.md',
  parse: z
    .string()
    .optional()
    .transform((path, context) => {
      if (path === undefined) return null;
      const file = readPolicyFile(path);
      for (const fault of file.faults) context.addIssue({ code: 'custom', message: `a valid policy file: ${fault}` });
      return file;
    }),
};

const HELD_TEXT_CHARACTERS = 2_000;

const heldText: Setting<string> = {
  fallback: HELD_TEXT,
  meaning: 'what chat completions and the chat page say while a reply is held for review',
  parse: z
    .string()
    .default(HELD_TEXT)
    .refine((value) => value.trim() !== '' && value.length <= HELD_TEXT_CHARACTERS, {
      error: `a text of 1 to ${HELD_TEXT_CHARACTERS} characters`,
    }),
};

/** Headers that never name a user. */
const OTHER_HEADERS = new Set(['authorization', 'cookie', 'host', 'origin', 'content-type', 'content-length']);

const userHeader: Setting<string | undefined> = {
  fallback: null,
  meaning:
    'header that names the user below /v1, before the parameter user; only for callers with the role service or admin, and with AUTH=none',
  parse: z
    .string()
    .refine((value) => /^[A-Za-z0-9_-]{1,100}$/.test(value) && !OTHER_HEADERS.has(value.toLowerCase()), {
      error: 'the name of a header such as X-User-Id',
    })
    .optional(),
};

export const SETTINGS = {
  HOST: text('address the ingress listens on', '127.0.0.1'),
  PORT: port('port the ingress listens on; 0: any free port', 8080),
  PROCESSES: integer(
    'processes on this machine that share the port and have the roles http and worker; more than 1: the actors run in one more process',
    1,
    1,
    64,
  ),
  METRICS_HOST: text('address the metrics port listens on; it requires no key, so keep it private', '127.0.0.1'),
  METRICS_PORT: optionalPort('port for /metrics, /livez and /readyz of any role; 0: any free port', 'none'),
  DATA_DIR: text('data folder of the embedded services', '.turnkeeper'),
  INSTALL_PARTS: oneOf(
    'yes: npm start may install a missing Redis with the package manager of the system, if it runs as root or sudo needs no password; no: it prints the command',
    ['yes', 'no'],
  ),
  DATABASE_URL: address(
    'PostgreSQL or CockroachDB',
    /^postgres(ql)?:$/,
    'postgres://user:password@host:5432/database',
    'embedded PostgreSQL',
  ),
  REDIS_URL: address(
    'Redis or Valkey; refused if it may evict keys',
    /^rediss?:$/,
    'redis://host:6379',
    'embedded Redis',
  ),
  ACTOR_RUNTIME: oneOf(
    'where UserSession actors run; auto: dapr if a sidecar answers or daprd is available, otherwise embedded',
    ['auto', 'dapr', 'embedded'],
  ),
  DAPR_HTTP_PORT: optionalPort('HTTP port of the daprd next to this process', "3500, Dapr's own"),
  DAPR_API_TOKEN: optional('token that daprd requires from turnkeeper'),
  APP_API_TOKEN: optional('token that turnkeeper requires from daprd'),
  EDGE_TOPICS: oneOf(
    'topics that are published to Dapr pub/sub too; yes: conversations, messages, human-review; no: only human-review',
    ['yes', 'no'],
  ),
  DAPR_SECRET_STORE: optional(
    'Dapr secret store that contains DATABASE_URL and OPENAI_API_KEY if they are not set here',
  ),
  APP_PORT: optionalPort('port of the actor host, called by daprd', '3000, or a free port'),
  OPENAI_BASE_URL: address('OpenAI-compatible endpoint', /^https?:$/, 'https://host/v1', 'offline model'),
  OPENAI_API_KEY: optional('API key of that endpoint', 'offline model'),
  OPENAI_MODEL: optional('name of the model', 'gpt-4o-mini, or the offline model'),
  MODEL_TIMEOUT_S: integer('timeout of one attempt in seconds', 60, 1, 3600),
  MODEL_RETRY_S: integer(
    'seconds since the first claim of a turn in which rate limits, timeouts and an unavailable model are retried; a Retry-After beyond the time left fails the turn at once',
    120,
    0,
    3600,
  ),
  MODEL_MAX_ATTEMPTS: optionalInteger(
    'maximum number of attempts of a model call, in addition to MODEL_RETRY_S; moderation and summaries: never more than 4',
    null,
    1,
    100,
  ),
  HISTORY_EXCHANGES: integer('number of earlier exchanges of the session in the prompt', 5, 0, MOST_EXCHANGES),
  ASSISTANTS: optional(
    'JSON file that defines assistants: instructions, models, parameters, tools; it is read again when it changes; see docs/assistants.md',
  ),
  WORKER_CONCURRENCY: integer(
    'turns that one worker process runs at the same time; with PROCESSES=n, n times as many',
    512,
    1,
    10_000,
  ),
  QUEUE_LIMIT_PER_USER: integer('queued turns of one user before 429', 100, 1, 1_000_000),
  RATE_LIMIT_PER_USER: integer(
    'turns that a user may create in a minute, over all processes, before 429; for callers with the role user; 0: no limit',
    60,
    0,
    100_000,
  ),
  QUEUE_LIMIT: integer('queued turns of all users before 503', 100_000, 1, 100_000_000),
  MEMORY_DEBOUNCE_MS: integer(
    "milliseconds without new turns of a user before the user's summary is renewed",
    1000,
    0,
    3_600_000,
  ),
  REVIEW_KEYWORDS: keywords,
  REVIEW_POLICY: policyFile,
  REVIEW_DEADLINE_S: integer('seconds that a person has to decide a review', 86_400, 1, 31_536_000),
  REVIEW_ON_DEADLINE: oneOf('what happens to a review that is not decided in time', DEADLINE_OUTCOMES),
  REVIEW_HELD_TEXT: heldText,
  REVIEW_CLAIM_S: integer('seconds that a reviewer holds a claimed review', 300, 1, 86_400),
  WEBHOOK_ALLOW_PRIVATE: oneOf(
    'yes: webhooks may use private and loopback addresses, and http without TLS; then anyone who may register a webhook can make this machine call addresses that only it can reach',
    ['no', 'yes'],
  ),
  TOOLS_ALLOW_PRIVATE: oneOf(
    'yes: tools and MCP servers of the assistants file may have private and loopback addresses, and http without TLS',
    ['no', 'yes'],
  ),
  LEASE_S: integer('seconds after which a claim that was not renewed is taken over', 5, 2, 3600),
  USER_HEADER: userHeader,
  AUTH: oneOf('authentication of callers: none (only on a loopback HOST), keys, or jwt', ['none', 'keys', 'jwt']),
  API_KEYS: apiKeys,
  OTEL_EXPORTER_OTLP_ENDPOINT: address(
    'OpenTelemetry collector that receives traces (OTLP over HTTP)',
    /^https?:$/,
    'http://host:4318',
    'none',
  ),
  OTEL_EXPORTER_ZIPKIN_ENDPOINT: address(
    'Zipkin server that receives traces',
    /^https?:$/,
    'http://host:9411/api/v2/spans',
    'none',
  ),
  OTEL_TRACES_SAMPLER_ARG: fraction('fraction of traces that is recorded, 0 to 1', 1),
  OTEL_SERVICE_NAME: text('name of this service in traces', 'turnkeeper'),
  JWT_ISSUER: optional('for AUTH=jwt: value that the claim iss of a token must have'),
  JWT_AUDIENCE: optional('for AUTH=jwt: value that the claim aud must be or contain'),
  JWT_JWKS_URL: jwksUrl,
  JWT_ROLE_CLAIM: text(
    'for AUTH=jwt: claim that contains the role: user (the user id is the claim sub), user:<user_id>, service, reviewer, admin',
    'turnkeeper_role',
  ),
  LOG_LEVEL: oneOf('lowest level of the log lines on standard output', [
    'info',
    'trace',
    'debug',
    'warn',
    'error',
    'fatal',
    'silent',
  ]),
} as const satisfies Record<string, Setting<unknown>>;
