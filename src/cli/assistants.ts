// The assistants of the server.
import type { OpenAiModelList } from '../../web/src/api/types.ts';
import type { Api } from './api.ts';
import { Failure } from './failure.ts';

/** The name in requests for the default assistant. */
const STANDARD = 'turnkeeper';

export interface Assistant {
  readonly name: string;
  readonly description: string;
  readonly isDefault: boolean;
}

/** The assistants. The list of models also has other names for the default one. @throws Unreachable, ApiError */
export async function readAssistants(api: Api): Promise<Assistant[]> {
  const { body } = await api.json<OpenAiModelList>('/v1/models');
  const standard = body.data.find(({ id }) => id === STANDARD)?.assistant;
  return body.data
    .filter(({ id, assistant }) => id === assistant)
    .map(({ id, description }) => ({ name: id, description, isDefault: id === standard }));
}

/** @throws Failure if there is no assistant of this name; Unreachable, ApiError */
export async function checkAssistant(api: Api, name: string): Promise<void> {
  const names = (await readAssistants(api)).map((each) => each.name);
  if (name !== STANDARD && !names.includes(name))
    throw new Failure('usage', `There is no assistant ${name}. The assistants are ${names.join(', ')}.`);
}
