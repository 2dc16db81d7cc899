// The table of all operations.
import type { AssistantSource } from '../domain/assistants/assistant.ts';
import { HELD_TEXT } from '../domain/review.ts';
import { analyticsOperations } from './endpoints/analytics.ts';
import { noAuthentication, type Authenticator } from './auth/authenticate.ts';
import { budgetOperations } from './endpoints/budgets.ts';
import { turnOperations } from './endpoints/turns.ts';
import { chatOperations } from './endpoints/chat.ts';
import { conversationOperations } from './endpoints/conversations.ts';
import { deadLetterOperations } from './endpoints/dead-letters.ts';
import { docsOperations } from './endpoints/docs.ts';
import { memoryOperations } from './endpoints/memories.ts';
import { chatCompletionOperations } from './openai/chat-completions.ts';
import { modelOperations } from './openai/models.ts';
import { responseOperations } from './openai/responses.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import { operationRoutes } from './endpoints/health.ts';
import { pageOperations, readPages, type Pages } from './endpoints/pages.ts';
import { overviewOperations } from './endpoints/overview.ts';
import type { Services } from './services.ts';
import { reviewFeedOperations } from './endpoints/review-feed.ts';
import { reviewOperations } from './endpoints/reviews.ts';
import { sessionOperations } from './endpoints/session.ts';
import { turnEventOperations } from './endpoints/turn-events.ts';
import { userOperations } from './endpoints/users.ts';
import { webhookOperations } from './endpoints/webhooks.ts';

export interface ApiSettings {
  readonly version: string;
  readonly assistants: AssistantSource;
  /** The text that stands for a reply that awaits review. Missing: the default text. */
  readonly heldText?: string | undefined;
  /** Missing: every caller is admin. */
  readonly authenticator?: Authenticator;
  /** Missing: the pages in web/dist. */
  readonly pages?: Pages;
}

/** All operations of the API, in the order of the documentation. */
export function operationsOf(
  services: Services,
  { version, assistants, heldText = HELD_TEXT, authenticator = noAuthentication, pages = readPages() }: ApiSettings,
): Operation[] {
  let document: string | undefined;
  const operations: Operation[] = [
    ...chatOperations(services.turns, assistants),
    ...turnOperations(services.turns),
    ...turnEventOperations(services),
    ...conversationOperations(services.conversations),
    // Before /reviews/{review_id}, which would match its path.
    ...reviewFeedOperations(services),
    ...reviewOperations(services.reviews, assistants),
    ...webhookOperations(services.webhooks),
    ...memoryOperations(services.memory),
    ...analyticsOperations(services.analytics),
    ...budgetOperations(services.budgets),
    ...userOperations(services),
    ...modelOperations(assistants),
    ...chatCompletionOperations(services, { assistants, heldText }),
    ...responseOperations(services, { assistants, heldText }),
    ...sessionOperations(authenticator),
    ...operationRoutes(services),
    ...overviewOperations(services.overview),
    ...deadLetterOperations(services.deadLetters),
    ...pageOperations(pages, heldText),
    // Generated on first use and cached: the document also describes the operations of the documentation itself.
    ...docsOperations(() => (document ??= JSON.stringify(openApiDocument(operations, version)))),
  ];
  return operations;
}
