// The table of all operations.
import { analyticsOperations } from './analytics.ts';
import { chatOperations } from './chat.ts';
import { conversationOperations } from './conversations.ts';
import { docsOperations } from './docs.ts';
import { healthOperations } from './health.ts';
import { memoryOperations } from './memories.ts';
import { openApiOf } from './openapi.ts';
import type { Operation } from './operation.ts';
import type { Services } from './services.ts';
import { turnOperations } from './turns.ts';

/** Every operation, and the OpenAPI document of them with its pages. */
export function operationsOf(services: Services, version: string): Operation[] {
  const operations = [
    ...chatOperations(services.turns),
    ...turnOperations(services.turns),
    ...conversationOperations(services.conversations),
    ...memoryOperations(services.memory),
    ...analyticsOperations(services.analytics),
    ...healthOperations(services),
  ];
  return [...operations, ...docsOperations(JSON.stringify(openApiOf(operations, version)))];
}
