// Assistants for tests that need no file.
import type { AssistantSource } from '../../src/domain/assistants/assistant.ts';
import { ownAssistant } from '../../src/domain/assistants/assistants-file.ts';

/** The assistant of the settings, with this model. */
export const assistantsWith = (model: string): AssistantSource => ({
  current: ownAssistant({ endpoint: { baseUrl: undefined, apiKey: undefined }, model, exchanges: 5 }),
});
