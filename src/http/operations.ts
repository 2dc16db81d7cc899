// The one table: every operation there is.
import { analyticsOperations } from './operations/analytics.ts';
import { authenticateNobody, type Authenticator } from './auth/authenticate.ts';
import { cancelOperations } from './operations/cancel.ts';
import { chatOperations } from './operations/chat.ts';
import { conversationOperations } from './operations/conversations.ts';
import { deadLetterOperations } from './operations/dead-letters.ts';
import { docsOperations } from './operations/docs.ts';
import { memoryOperations } from './operations/memories.ts';
import { chatCompletionOperations } from './openai/chat-completions.ts';
import { modelOperations } from './openai/models.ts';
import { responseOperations } from './openai/responses.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import { operationRoutes } from './operations/health.ts';
import { pageOperations, readPages, type Pages } from './operations/pages.ts';
import { overviewOperations } from './operations/overview.ts';
import type { Services } from './services.ts';
import { reviewFeedOperations } from './operations/review-feed.ts';
import { reviewOperations } from './operations/reviews.ts';
import { sessionOperations } from './operations/session.ts';
import { turnEventOperations } from './operations/turn-events.ts';
import { turnOperations } from './operations/turns.ts';
import { userOperations } from './operations/users.ts';
import { webhookOperations } from './operations/webhooks.ts';

export interface ApiSettings {
  readonly version: string;
  /** The configured model's name. */
  readonly model: string;
  /** Absent: everybody is admin. */
  readonly authenticator?: Authenticator;
  /** Absent: those that were built. */
  readonly pages?: Pages;
}

/** Every operation of the API, in the order of its documentation. */
export function operationsOf(
  services: Services,
  { version, model, authenticator = authenticateNobody, pages = readPages() }: ApiSettings,
): Operation[] {
  let document: string | undefined;
  const operations: Operation[] = [
    ...chatOperations(services.turns),
    ...turnOperations(services.turns),
    ...cancelOperations(services.turns),
    ...turnEventOperations(services),
    ...conversationOperations(services.conversations),
    // Before /reviews/{review_id}, which would take its path.
    ...reviewFeedOperations(services),
    ...reviewOperations(services.reviews),
    ...webhookOperations(services.webhooks),
    ...memoryOperations(services.memory),
    ...analyticsOperations(services.analytics),
    ...userOperations(services),
    ...modelOperations(model),
    ...chatCompletionOperations(services, model),
    ...responseOperations(services, model),
    ...sessionOperations(authenticator),
    ...operationRoutes(services),
    ...overviewOperations(services.overview),
    ...deadLetterOperations(services.deadLetters),
    ...pageOperations(pages),
    // The document describes its own operation too, so it is made when first asked for, and kept.
    ...docsOperations(() => (document ??= JSON.stringify(openApiDocument(operations, version)))),
  ];
  return operations;
}
