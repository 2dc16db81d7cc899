// The worker role: runs turns, consumes topics, publishes the outbox, sends webhooks, sweeps.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ActorRuntime } from '../actors/runtime.ts';
import { daprPublisher } from '../dapr/publish.ts';
import type { Toolbox } from '../domain/tools/tool.ts';
import { OUTBOX_TOPICS, type OutboxTopic } from '../domain/topics.ts';
import { turnJson } from '../http/endpoints/turn-json.ts';
import type { Pause } from '../model/attempts.ts';
import { measuredModerator } from '../model/measured.ts';
import { ModelPool } from '../model/model-pool.ts';
import { OpenAiModerator } from '../model/openai-moderator.ts';
import { connectRedis } from '../redis/connection.ts';
import { RedisDeltaWriter } from '../redis/delta-writer.ts';
import { LivePolicy } from '../reviews/live-policy.ts';
import type { ReviewDecisions } from '../reviews/review-decisions.ts';
import { countLeftOver } from '../store/analytics.ts';
import { firstQueued } from '../store/backlog.ts';
import type { Budgets } from '../store/budgets/budgets.ts';
import { settleLeft } from '../store/budgets/charges.ts';
import { releaseClaims, renewLeases } from '../store/held-claims.ts';
import { endLostCalls } from '../store/steps/journal.ts';
import { numberReviewEvents } from '../store/review-feed.ts';
import { answerTurn } from '../turns/answer-turn.ts';
import { ClaimKeeper } from '../turns/claim-keeper.ts';
import type { LiveAssistants } from '../turns/live-assistants.ts';
import { redraft } from '../turns/revisions/redraft.ts';
import { RevisionRunner } from '../turns/revisions/revision-runner.ts';
import { TurnRun } from '../turns/turn-run.ts';
import { UserRunner } from '../turns/user-runner.ts';
import type { ResolveNames } from '../outbound/names.ts';
import { WebhookSender } from '../webhooks/webhook-sender.ts';
import { ClosedReviews } from '../workers/closed-reviews.ts';
import { Consumers } from '../workers/consumers.ts';
import { DueSummaries } from '../workers/due-summaries.ts';
import { PubsubBridge } from '../workers/pubsub-bridge.ts';
import { bullmqOnly, Relay } from '../workers/relay.ts';
import { Sweeper } from '../workers/sweeper.ts';
import { consumersOf } from '../workers/topics.ts';
import { claimsOf } from './claims.ts';
import type { Foundation } from './foundation.ts';
import { DRAIN_MS } from './lifecycle.ts';
import { startToolbox } from './tools.ts';
import { budgetsOf, eraserOf, reviewDecisionsOf, webhookTarget } from './use-cases.ts';

/** The topic that a service needs in order to decide reviews. */
const REVIEW_TOPICS: readonly OutboxTopic[] = ['human-review'];
/** When the process stops, webhook attempts get this time; slower ones are repeated later. */
const WEBHOOK_DRAIN_MS = 3_000;

export interface WorkerOptions {
  readonly actors: ActorRuntime;
  readonly assistants: LiveAssistants;
  readonly resolveNames: ResolveNames | undefined;
}

/** Publishes the outbox to BullMQ and, with Dapr, to pub/sub. */
function startRelay({ config, addresses, database, queues, metrics, log, lifecycle }: Foundation): Relay {
  const publish = addresses.dapr && daprPublisher(addresses.dapr);
  const topics = config.EDGE_TOPICS === 'yes' ? OUTBOX_TOPICS : REVIEW_TOPICS;
  const next = publish ? new PubsubBridge({ database, topics, publish, metrics, log }) : bullmqOnly(database);
  const relay = new Relay({ database, queues, next, metrics, log });
  lifecycle.started('relay', () => relay.idle());
  return relay;
}

interface RunnerOptions {
  readonly actors: ActorRuntime;
  readonly assistants: LiveAssistants;
  readonly models: ModelPool;
  readonly budgets: Budgets;
  readonly decisions: ReviewDecisions;
  readonly toolbox: Toolbox;
}

/** The models of the assistants. */
const modelsOf = ({ config, metrics, log }: Foundation): ModelPool =>
  new ModelPool({
    timeoutS: config.MODEL_TIMEOUT_S,
    metrics,
    onLearned: (model, what) =>
      log.warn({ model, what }, 'The model endpoint deviates from the protocol; later calls allow for it.'),
  });

/** Waits without giving the place to other work: new drafts take no place of a turn. */
const waitHere: Pause = (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {});

interface Runners {
  readonly runner: UserRunner;
  readonly revisions: RevisionRunner;
}

/** Runs the turns of users, and writes the new drafts that reviewers ask for. */
function startRunners(foundation: Foundation, options: RunnerOptions): Runners {
  const { actors, assistants, models, budgets, decisions, toolbox } = options;
  const { config, addresses, database, redis, waker, hints, hooks, partials, metrics, log, lifecycle } = foundation;
  const policies = new LivePolicy({ keywords: config.REVIEW_KEYWORDS, file: config.REVIEW_POLICY, metrics, log });
  policies.start();
  lifecycle.started('policy', () => policies.stop());
  const keeper = new ClaimKeeper({
    leaseS: config.LEASE_S,
    connectedAt: foundation.connectedAt,
    renew: (claims) => renewLeases(database, claims, config.LEASE_S),
    release: (claims, unused) => releaseClaims(database, claims, unused),
  });
  keeper.start();
  hints.cancellations.subscribe();
  hints.cancellations.listen((turnId) => void keeper.check(turnId));
  lifecycle.started('claims', () => keeper.abandon());
  const moderator = new OpenAiModerator(models.clientOf(addresses.model), config.MODEL_TIMEOUT_S);
  const answer = {
    database,
    moderator: measuredModerator(moderator, metrics),
    deltas: new RedisDeltaWriter(redis),
    assistants,
    toolbox,
    changed: (turnId: string) => hooks.turnChanged(turnId),
    models,
    budgets,
    modelAttempts: config.MODEL_MAX_ATTEMPTS ?? null,
    modelRetryMs: config.MODEL_RETRY_S * 1_000,
    pause:
      (userId: string): Pause =>
      (ms, signal) =>
        runner.pause(userId, ms, signal),
    reviewDeadlineS: config.REVIEW_DEADLINE_S,
    log,
  };
  const claims = claimsOf(foundation, { actors, assistants, keeper });
  partials.answerRequests();
  hints.partialRequests.subscribe();
  const turns = new TurnRun({
    claim: (userId) => claims.claim(userId),
    keeper,
    policies,
    partials,
    answer: (turn, signal) => answerTurn(answer, turn, signal),
    hooks,
    applyKeptDecision: (turnId) => decisions.applyKept(turnId),
    metrics,
    log,
  });
  const runner: UserRunner = new UserRunner({
    turns,
    concurrency: config.WORKER_CONCURRENCY,
    firstQueued: (userId) => firstQueued(database, userId),
    isReachable: () => actors.reachability.isReachable,
    giveUp: (userId) => claims.giveUp(userId),
    askHolder: (userId) => claims.askHolder(userId),
    requeue: (turn) => waker.wake({ ...turn, traceparent: null }),
    log,
  });
  claims.runWith((userId) => runner.tryStart(userId));
  const drafting = { ...answer, actors, policies, pause: () => waitHere };
  const revisions = new RevisionRunner({
    database,
    leaseS: config.LEASE_S,
    redraft: (claim, calls, signal) => redraft(drafting, claim, calls, signal),
    hooks,
    metrics,
    log,
  });
  return { runner, revisions };
}

/** Starts consuming. Rejects while Redis is unavailable; `lifecycle` holds what was started. */
export async function startWorkerRole(
  foundation: Foundation,
  { actors, assistants, resolveNames }: WorkerOptions,
): Promise<void> {
  const { config, addresses, database, queues, hooks, metrics, log, lifecycle } = foundation;
  const decisions = reviewDecisionsOf(foundation);
  const eraser = eraserOf(foundation, actors);
  const relay = startRelay(foundation);
  const target = webhookTarget(config, resolveNames);
  const sender = new WebhookSender({ database, post: target, show: turnJson, metrics, log });
  const models = modelsOf(foundation);
  const budgets = budgetsOf(foundation, assistants);
  const toolbox = startToolbox(foundation, resolveNames);
  const options = { actors, assistants, models, budgets, decisions, toolbox };
  const { runner, revisions } = startRunners(foundation, options);
  hooks.worker = {
    startTurns: (userId) => runner.tryStart(userId),
    publish: (events) => relay.push(events),
    deliveryDue: () => sender.wake(),
    webhookAdded: () => sender.webhookAdded(),
    revisionDue: () => revisions.wake(),
  };
  const { MODEL_MAX_ATTEMPTS: modelAttempts = null, MEMORY_DEBOUNCE_MS: debounceMs } = config;
  const modelRetryMs = config.MODEL_RETRY_S * 1_000;
  const summaries = new DueSummaries({ database, queues, debounceMs, log });
  lifecycle.started('due summaries', () => summaries.stop());
  const table = consumersOf({
    chatRequests: { runner, queues, metrics, log },
    conversations: { database, summaries, queues, metrics, log },
    summaries: { database, actors, assistants, models, budgets, modelAttempts, modelRetryMs, log },
    messages: { queues, metrics, log },
    reviewDecisions: { decisions, metrics, log },
  });
  const consumerRedis = await connectRedis(addresses.redisUrl, 'patient', log);
  lifecycle.started('redis consumer', async () => consumerRedis.disconnect());
  const consumers = new Consumers(table, consumerRedis, log);
  consumers.start();
  actors.reachability.listen((isReachable) => {
    if (isReachable) log.info({}, 'Actors can be reached again; this worker runs turns.');
    else log.warn({}, 'Actors cannot be reached through the sidecar; other workers run the turns.');
    consumers.setPaused('chat-requests', !isReachable);
  });
  lifecycle.started('consumers', async () => {
    await Promise.all([consumers.stop(DRAIN_MS), runner.drain(DRAIN_MS), revisions.stop(DRAIN_MS)]);
  });
  lifecycle.started('eraser', () => eraser.idle());
  lifecycle.started('webhook sender', () => sender.stop(WEBHOOK_DRAIN_MS));
  const closedReviews = new ClosedReviews({ database, queues });
  const sweeper = new Sweeper({
    database,
    queues,
    steps: [
      { when: 'events', run: () => relay.sweep() },
      { when: 'reviews', run: () => decisions.sweep() },
      { when: 'revisions', run: () => revisions.sweep() },
      { when: 'calls', run: () => endLostCalls(database) },
      { when: 'budgets', run: () => settleLeft(database) },
      { when: 'counts', run: () => countLeftOver(database) },
      { run: () => closedReviews.sweep() },
      { when: 'summaries', run: () => summaries.sweep() },
      { run: () => sender.sweep() },
      // Readers of the feed number the events too, but there may be no readers.
      { when: 'feed', run: () => numberReviewEvents(database) },
      { when: 'erasures', run: () => eraser.sweep() },
    ],
    metrics,
    log,
  });
  sweeper.start();
  lifecycle.started('sweeper', () => sweeper.stop());
}
