// Assistants for tests.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AssistantSource } from '../../src/domain/assistants/assistant.ts';
import { ownAssistant } from '../../src/domain/assistants/assistants-file.ts';
import { temporaryFolder } from './folder.ts';
import type { Owner } from './owner.ts';

/** An assistant of the settings, without a file, with this model. */
export const assistantsWith = (model: string): AssistantSource => ({
  current: ownAssistant({ endpoint: { baseUrl: undefined, apiKey: undefined }, model, exchanges: 5 }),
});

/** Writes an assistants file with one assistant, `turnkeeper`, and these models. Returns its path. */
export function fileWithModels(t: Owner, models: readonly object[]): string {
  const path = join(temporaryFolder(t), 'assistants.json');
  writeFileSync(path, JSON.stringify({ assistants: { turnkeeper: { models } } }));
  return path;
}
