// The metrics for Prometheus. docs/operations.md explains them. Names contain units; labels have few values.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Removes the value of a gauge, since it could not be read: a missing value rather than 0. */
export function removeValue<T extends string>(gauge: Gauge<T>): Gauge<T> {
  gauge.reset();
  // A gauge without labels is reset to 0; this removes the 0. It has no effect on a gauge with labels.
  gauge.remove({});
  return gauge;
}

const gauge = <const T extends string = never>(
  registers: Registry[],
  name: string,
  help: string,
  labelNames: readonly T[] = [],
) => removeValue(new Gauge({ name, help, labelNames: [...labelNames], registers }));

/** A sample of the event loop's delay is never shorter than this. Shorter intervals cost an idle process more than its
 *  work does. */
const EVENT_LOOP_SAMPLE_MS = 100;

/** Gauges over all users and processes, read from the database and the queues at a scrape (monitoring/backlog.ts). */
function backlogGauges(registers: Registry[]) {
  return {
    readable: gauge(
      registers,
      'turnkeeper_backlog_readable',
      '1: the backlog in this store could be read for this scrape; 0: it could not, and its gauges are missing.',
      ['store'],
    ),
    turnsQueued: gauge(
      registers,
      'turnkeeper_turns_waiting',
      'Queued turns of all users, without those that wait for a budget.',
    ),
    turnsPostponed: gauge(registers, 'turnkeeper_turns_postponed', 'Queued turns of all users that wait for a budget.'),
    turnsRunning: gauge(registers, 'turnkeeper_turns_running', 'Running turns of all users.'),
    oldestTurnSeconds: gauge(
      registers,
      'turnkeeper_turns_oldest_waiting_seconds',
      'Age of the oldest queued turn that does not wait for a budget; 0: there is none.',
    ),
    outboxEvents: gauge(
      registers,
      'turnkeeper_outbox_events',
      'Events in the outbox, counted up to 10,000, by destination: queues (BullMQ), edge (Dapr pub/sub).',
      ['destination'],
    ),
    outboxSeconds: gauge(
      registers,
      'turnkeeper_outbox_oldest_event_seconds',
      'Age of the oldest event in the outbox, by destination; 0: no event.',
      ['destination'],
    ),
    reviewsPending: gauge(
      registers,
      'turnkeeper_reviews_pending',
      'Pending reviews, counted up to 10,000, by when they are due: overdue, hour, day, later.',
      ['due'],
    ),
    reviewSeconds: gauge(
      registers,
      'turnkeeper_reviews_oldest_overdue_seconds',
      'Time since the deadline of the oldest overdue review; 0: no review is overdue.',
    ),
    webhooksDue: gauge(
      registers,
      'turnkeeper_webhook_deliveries_due',
      'Webhook deliveries that are due and not sent yet, counted up to 10,000.',
    ),
    webhooksDead: gauge(
      registers,
      'turnkeeper_webhook_deliveries_dead',
      'Dead webhook deliveries that are still stored, counted up to 10,000.',
    ),
    erasures: gauge(registers, 'turnkeeper_erasures_under_way', 'Running erasures of users, counted up to 10,000.'),
    erasureSeconds: gauge(
      registers,
      'turnkeeper_erasures_oldest_seconds',
      'Age of the oldest running erasure; 0: no erasure is running.',
    ),
    budgetTokens: gauge(
      registers,
      'turnkeeper_budget_tokens',
      'Tokens of the current windows of budgets of all users together, by state: limit, reserved, used.',
      ['window', 'state'],
    ),
    jobs: gauge(
      registers,
      'turnkeeper_jobs',
      'Jobs by topic and state: waiting, active, delayed, failed (kept for inspection).',
      ['topic', 'state'],
    ),
  };
}

/** What a live file (live-file.ts) reports. */
const fileMetrics = (registers: Registry[], prefix: string, file: string) => ({
  inForce: new Gauge({
    name: `${prefix}_in_force`,
    help: `1: the ${file} on disk is in force; 0: it is invalid, and the previous version is in force.`,
    labelNames: ['file'] as const,
    registers,
  }),
  reloads: new Counter({
    name: `${prefix}_reloads_total`,
    help: `Changes of the ${file}, by outcome.`,
    labelNames: ['outcome'] as const,
    registers,
  }),
});

/** The metrics of one process, in their own registry. `process`: its name among the processes of one instance;
 *  undefined: it is the only one, and its series have no label `process`. */
export function createMetrics(process?: string) {
  const registry = new Registry();
  if (process !== undefined) registry.setDefaultLabels({ process });
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  return {
    registry,
    httpSeconds: new Histogram({
      name: 'turnkeeper_http_request_duration_seconds',
      help: 'Time from request to response, including long polls.',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 60],
      registers,
    }),
    turnsAccepted: new Counter({ name: 'turnkeeper_turns_accepted_total', help: 'Turns accepted.', registers }),
    turnsRateLimited: new Counter({
      name: 'turnkeeper_turns_rate_limited_total',
      help: 'Requests that were refused because the user has created too many turns in a minute.',
      registers,
    }),
    turnsFinished: new Counter({
      name: 'turnkeeper_turns_finished_total',
      help: 'Claims that ended, by status of the turn; lost: another claim or a cancellation ended the claim first; postponed: the turn waits for its budget.',
      labelNames: ['status'] as const,
      registers,
    }),
    turnSeconds: new Histogram({
      name: 'turnkeeper_turn_duration_seconds',
      help: 'Time from accepting a turn until its claim ended, including the queue but not a review, by status.',
      labelNames: ['status'] as const,
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
      registers,
    }),
    turnFailures: new Counter({
      name: 'turnkeeper_turn_failures_total',
      help: 'Failed turns by error code (docs/errors.md).',
      labelNames: ['code'] as const,
      registers,
    }),
    turnsRetried: new Counter({
      name: 'turnkeeper_turns_retried_total',
      help: 'Failed turns that were queued again by a request.',
      registers,
    }),
    takeovers: new Counter({
      name: 'turnkeeper_takeovers_total',
      help: 'Turns taken over after their claim lapsed.',
      registers,
    }),
    modelSeconds: new Histogram({
      name: 'turnkeeper_model_attempt_duration_seconds',
      help: 'Duration of one model call, including moderation, by purpose and outcome.',
      labelNames: ['purpose', 'outcome'] as const,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    modelAttempts: new Counter({
      name: 'turnkeeper_model_attempts_total',
      help: 'Model calls by purpose, assistant, model and outcome: completed, aborted, or an error code.',
      labelNames: ['purpose', 'assistant', 'model', 'outcome'] as const,
      registers,
    }),
    modelTokens: new Counter({
      name: 'turnkeeper_model_tokens_total',
      help: 'Tokens that the endpoint reported, by purpose, assistant, model and kind: input, output.',
      labelNames: ['purpose', 'assistant', 'model', 'kind'] as const,
      registers,
    }),
    toolCalls: new Counter({
      name: 'turnkeeper_tool_calls_total',
      help: 'Calls of tools, by tool and outcome: done, failed, unknown (a call of the effect once without a certain result), aborted.',
      labelNames: ['tool', 'outcome'] as const,
      registers,
    }),
    toolSeconds: new Histogram({
      name: 'turnkeeper_tool_call_duration_seconds',
      help: 'Duration of calls of tools, with their repeats, by tool.',
      labelNames: ['tool'] as const,
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    }),
    swept: new Counter({
      name: 'turnkeeper_swept_users_total',
      help: 'Users whose job the sweeper added again.',
      registers,
    }),
    reviewsEnded: new Counter({
      name: 'turnkeeper_reviews_ended_total',
      help: 'Reviews that ended, by status.',
      labelNames: ['status'] as const,
      registers,
    }),
    revisions: new Counter({
      name: 'turnkeeper_revisions_total',
      help: 'New drafts that reviewers asked for, by outcome.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    reviewPolicy: fileMetrics(registers, 'turnkeeper_review_policy', 'policy file'),
    assistants: fileMetrics(registers, 'turnkeeper_assistants', 'assistants file'),
    webhookAttempts: new Counter({
      name: 'turnkeeper_webhook_attempts_total',
      help: 'Attempts of webhook deliveries, by outcome: delivered, retry (it is retried), dead (no further attempt).',
      labelNames: ['outcome'] as const,
      registers,
    }),
    eventsPublished: new Counter({
      name: 'turnkeeper_events_published_total',
      help: 'Events published from the outbox to BullMQ, by topic.',
      labelNames: ['topic'] as const,
      registers,
    }),
    pubsubEventsPublished: new Counter({
      name: 'turnkeeper_edge_events_published_total',
      help: 'Events published to Dapr pub/sub, by topic.',
      labelNames: ['topic'] as const,
      registers,
    }),
    pubsubEventsRefused: new Counter({
      name: 'turnkeeper_edge_events_refused_total',
      help: 'Events that Dapr pub/sub will never accept, by topic; the log names them.',
      labelNames: ['topic'] as const,
      registers,
    }),
    pubsubUnavailable: removeValue(
      new Gauge({
        name: 'turnkeeper_edge_away',
        help: '1: Dapr pub/sub accepted none of the last events; 0: it accepts events. Missing: this process publishes none.',
        registers,
      }),
    ),
    eventsIgnored: new Counter({
      name: 'turnkeeper_events_ignored_total',
      help: 'Events with a wrong type or shape, by topic.',
      labelNames: ['topic'] as const,
      registers,
    }),
    processesReady: removeValue(
      new Gauge({
        name: 'turnkeeper_processes_ready',
        help: 'Processes of this instance that are ready. Missing: PROCESSES is 1.',
        registers,
      }),
    ),
    processRestarts: new Counter({
      name: 'turnkeeper_process_restarts_total',
      help: 'Processes of this instance that ended unexpectedly and were restarted.',
      registers,
    }),
    backlog: backlogGauges(registers),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

/** The metrics of a process as Prometheus reads them. */
export interface Scrape {
  /** The current metrics as text. Does not reject if a store is unavailable. */
  text(): Promise<string>;
  readonly contentType: string;
}
