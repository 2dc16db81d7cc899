// What Prometheus sees. Names carry units; labels have few values.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one process, in a registry of its own. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    httpSeconds: new Histogram({
      name: 'turnkeeper_http_request_duration_seconds',
      help: 'Time from request to answer, long-polls included.',
      labelNames: ['method', 'route', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 60],
      registers,
    }),
    turnsAccepted: new Counter({ name: 'turnkeeper_turns_accepted_total', help: 'Turns accepted.', registers }),
    turnsFinished: new Counter({
      name: 'turnkeeper_turns_finished_total',
      help: 'Turns whose work ended, by status; lost: another claim or a cancellation was faster.',
      labelNames: ['status'] as const,
      registers,
    }),
    turnsWaiting: new Gauge({ name: 'turnkeeper_turns_waiting', help: 'Turns that wait, of all users.', registers }),
    takeovers: new Counter({
      name: 'turnkeeper_takeovers_total',
      help: 'Turns taken over after their claim lapsed.',
      registers,
    }),
    modelSeconds: new Histogram({
      name: 'turnkeeper_model_attempt_duration_seconds',
      help: 'Time of one attempt at the model, moderation included, by purpose and outcome.',
      labelNames: ['purpose', 'outcome'] as const,
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
    policyInForce: new Gauge({
      name: 'turnkeeper_review_policy_in_force',
      help: '1: the policy file as it is on disk is in force; 0: it is bad, and the version before it is.',
      labelNames: ['file'] as const,
      registers,
    }),
    policyReloads: new Counter({
      name: 'turnkeeper_review_policy_reloads_total',
      help: 'Changes of the policy file, by outcome.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    webhookAttempts: new Counter({
      name: 'turnkeeper_webhook_attempts_total',
      help: 'Attempts at webhook deliveries, by outcome: delivered, retry (it comes again), dead (given up).',
      labelNames: ['outcome'] as const,
      registers,
    }),
    webhooksDue: new Gauge({
      name: 'turnkeeper_webhook_deliveries_due',
      help: 'Webhook deliveries that are due and not yet sent, counted up to 10,000.',
      registers,
    }),
    eventsPublished: new Counter({
      name: 'turnkeeper_events_published_total',
      help: 'Events published from the outbox, by topic.',
      labelNames: ['topic'] as const,
      registers,
    }),
    edgeEventsPublished: new Counter({
      name: 'turnkeeper_edge_events_published_total',
      help: 'Events published to Dapr pub/sub, by topic.',
      labelNames: ['topic'] as const,
      registers,
    }),
    edgeEventsRefused: new Counter({
      name: 'turnkeeper_edge_events_refused_total',
      help: 'Events that Dapr pub/sub will never take, by topic; the log names them.',
      labelNames: ['topic'] as const,
      registers,
    }),
    eventsIgnored: new Counter({
      name: 'turnkeeper_events_ignored_total',
      help: 'Events of a wrong type or shape, by topic.',
      labelNames: ['topic'] as const,
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
