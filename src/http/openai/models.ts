// The models: the names under which clients may ask for a reply. They all mean the operator's model.
import { z } from 'zod';
import { json, operation, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMPONENTS } from '../schemas.ts';

/** Means the configured model, whatever its name. */
export const OWN_NAME = 'turnkeeper';

const model = z
  .object({ id: z.string(), object: z.literal('model'), created: z.int(), owned_by: z.string() })
  .register(COMPONENTS, { id: 'OpenAiModel' });
const modelList = z
  .object({ object: z.literal('list'), data: z.array(model) })
  .register(COMPONENTS, { id: 'OpenAiModelList' });

/** The name that a request may give its model, with what errors say about others. */
export const modelName = z.string().meta({ description: 'One of `GET /v1/models`.', examples: [OWN_NAME] });

export const modelNames = (configured: string): string[] => [...new Set([configured, OWN_NAME])];

/** `pointer`: where the request names it. @throws Problem model_not_found */
export function checkModel(name: string, configured: string, pointer: '/model' | '/path/model' = '/model'): void {
  const names = modelNames(configured);
  if (names.includes(name)) return;
  throw new Problem('model_not_found', `There is no such model here; there is ${names.join(', ')}.`, {
    errors: [{ pointer, detail: `must be one of ${names.join(', ')}` }],
  });
}

const modelJson = (id: string): z.output<typeof model> => ({ id, object: 'model', created: 0, owned_by: OWN_NAME });

/** The models. */
export const modelOperations = (configured: string): Operation[] => [
  operation({
    id: 'listModels',
    method: 'GET',
    path: '/v1/models',
    tag: 'OpenAI-compatible',
    summary: 'List the models',
    description: `The operator's model under its own name, and as \`${OWN_NAME}\`.`,
    access: { thing: 'chat', owner: 'nobody' },
    answers: { 200: { description: 'The models.', schema: modelList } },
    handle: () => json({ object: 'list', data: modelNames(configured).map(modelJson) }),
  }),
  operation({
    id: 'getModel',
    method: 'GET',
    path: '/v1/models/{model}',
    tag: 'OpenAI-compatible',
    summary: 'Read a model',
    access: { thing: 'chat', owner: 'nobody' },
    params: z.strictObject({ model: modelName }),
    answers: { 200: { description: 'The model.', schema: model } },
    problems: ['model_not_found'],
    handle({ path }) {
      checkModel(path.model, configured, '/path/model');
      return json(modelJson(path.model));
    },
  }),
];
