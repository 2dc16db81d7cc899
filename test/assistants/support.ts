// Starts turnkeeper with an assistants file.
import { startApp, type AppOptions } from '../support/app.ts';
import { assistantsFile } from '../support/assistants.ts';
import { startScriptedModel, type ModelCall, type ScriptedModel } from '../support/model.ts';
import type { Owner } from '../support/owner.ts';

export interface FileOptions extends AppOptions {
  /** The content of the file, given the addresses of the models. */
  readonly file: (model: ScriptedModel, other: ScriptedModel) => object;
}

/** Starts the app with the file, and a second model. `rewrite` replaces the file. */
export async function startWith(t: Owner, { file, settings, ...options }: FileOptions) {
  const model = options.model ?? (await startScriptedModel(t));
  const other = await startScriptedModel(t);
  const { path, write: rewrite } = assistantsFile(t, file(model, other));
  const app = await startApp(t, {
    ...options,
    model,
    settings: { REVIEW_KEYWORDS: 'none', ASSISTANTS: path, ...settings },
  });
  return { ...app, model, other, rewrite };
}

/** The system message of a call. */
export const systemOf = ({ messages }: ModelCall): string =>
  messages
    .filter(({ role }) => role === 'system')
    .map(({ content }) => content)
    .join('\n');

/** The texts of a call, without the system message. */
export const textsOf = ({ messages }: ModelCall): string[] =>
  messages.filter(({ role }) => role !== 'system').map(({ content }) => content);
