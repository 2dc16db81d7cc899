// Assistants for tests: a file of them, or those without a file.
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

export interface AssistantsFile {
  /** The value of `ASSISTANTS`. */
  readonly path: string;
  /** Replaces the content; the app reads it again within a second. */
  readonly write: (content: object | string) => void;
}

/** An assistants file with this content. */
export function assistantsFile(t: Owner, content: object): AssistantsFile {
  const path = join(temporaryFolder(t), 'assistants.json');
  const write = (next: object | string): void =>
    writeFileSync(path, typeof next === 'string' ? next : JSON.stringify(next));
  write(content);
  return { path, write };
}
