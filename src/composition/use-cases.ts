// Use cases that more than one role needs.
import type { AssistantSource } from '../domain/assistants/assistant.ts';
import { TOPIC_TYPES } from '../domain/topics.ts';
import { forgetBrokerEvents, forgetDeltas } from '../redis/erase.ts';
import { forgetPlaces } from '../redis/turn-rate.ts';
import { ReviewDecisions } from '../reviews/review-decisions.ts';
import { Budgets } from '../store/budgets/budgets.ts';
import { LiveAssistants } from '../turns/live-assistants.ts';
import { Eraser } from '../users/eraser.ts';
import { resolverFor, type ResolveNames } from '../outbound/names.ts';
import type { ActorRuntime } from '../actors/runtime.ts';
import type { Config } from '../config/config.ts';
import type { Foundation } from './foundation.ts';

/** The use case that decides reviews. */
export const reviewDecisionsOf = ({
  config,
  database,
  queues,
  hooks,
  waker,
  metrics,
  log,
}: Foundation): ReviewDecisions =>
  new ReviewDecisions({
    database,
    onDeadline: config.REVIEW_ON_DEADLINE,
    hooks,
    wake: (turn) => waker.wake(turn),
    redraft: () => hooks.worker.revisionDue(),
    withdraw: (reviewId) => queues.withdrawReview(reviewId),
    metrics,
    log,
  });

/** Erasures. Every store other than the database that holds data of users is listed here. */
export const eraserOf = (foundation: Foundation, actors: ActorRuntime): Eraser => {
  const { config, database, redis, queues, hooks, log } = foundation;
  return new Eraser({
    database,
    actors,
    removals: [
      ({ userId }) => queues.forgetUser(userId),
      ({ turnIds }) => forgetDeltas(redis, turnIds),
      ({ userId }) => forgetPlaces(redis, userId),
      ({ userId }) => forgetBrokerEvents(redis, Object.keys(TOPIC_TYPES), userId),
    ],
    settleS: config.LEASE_S,
    hooks,
    log,
  });
};

/** Which addresses webhooks may use, and how their host names are resolved. `resolveNames`:
 *  undefined means DNS. */
export function webhookTarget(config: Config, resolveNames: ResolveNames | undefined) {
  const allowPrivate = config.WEBHOOK_ALLOW_PRIVATE === 'yes';
  return { allowPrivate, resolve: resolverFor(allowPrivate, resolveNames) };
}

/** The budgets in force. */
export const budgetsOf = ({ database }: Pick<Foundation, 'database'>, assistants: AssistantSource): Budgets =>
  new Budgets(database, () => assistants.current.budgets);

/** The assistants in force, for the roles that accept and answer turns. `lifecycle` stops reading their file again. */
export function startAssistants({ config, addresses, metrics, log, lifecycle }: Foundation): LiveAssistants {
  const { baseUrl, apiKey, name: model } = addresses.model;
  const defaults = { endpoint: { baseUrl, apiKey }, model, exchanges: config.HISTORY_EXCHANGES };
  const assistants = new LiveAssistants({ file: config.assistants, defaults, metrics, log });
  assistants.start();
  lifecycle.started('assistants', () => assistants.stop());
  return assistants;
}
