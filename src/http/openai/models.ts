// The models: the model names that clients may use. They all mean the operator's model.
import { z } from 'zod';
import { json, operation, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMPONENTS } from '../schemas.ts';

/** An alias of the configured model. */
export const OWN_NAME = 'turnkeeper';

const model = z
  .object({ id: z.string(), object: z.literal('model'), created: z.int(), owned_by: z.string() })
  .register(COMPONENTS, { id: 'OpenAiModel' });
const modelList = z
  .object({ object: z.literal('list'), data: z.array(model) })
  .register(COMPONENTS, { id: 'OpenAiModelList' });

/** The model name in a request. `checkModel` validates it. */
export const modelName = z.string().meta({ description: 'A model of `GET /v1/models`.', examples: [OWN_NAME] });

export const modelNames = (configured: string): string[] => [...new Set([configured, OWN_NAME])];

/** `pointer`: the position of the name in the request. @throws Problem model_not_found */
export function checkModel(name: string, configured: string, pointer: '/model' | '/path/model' = '/model'): void {
  const names = modelNames(configured);
  if (names.includes(name)) return;
  throw new Problem('model_not_found', `The available models are ${names.join(', ')}.`, {
    errors: [{ pointer, detail: `must be one of ${names.join(', ')}` }],
  });
}

const modelJson = (id: string): z.output<typeof model> => ({ id, object: 'model', created: 0, owned_by: OWN_NAME });

/** Operations for models. */
export const modelOperations = (configured: string): Operation[] => [
  operation({
    id: 'listModels',
    method: 'GET',
    path: '/v1/models',
    tag: 'OpenAI-compatible',
    summary: 'List the models',
    description: `The operator’s model under its own name and under the alias \`${OWN_NAME}\`.`,
    access: { resource: 'chat', owner: 'none' },
    answers: { 200: { description: 'The models.', schema: modelList } },
    handle: () => json({ object: 'list', data: modelNames(configured).map(modelJson) }),
  }),
  operation({
    id: 'getModel',
    method: 'GET',
    path: '/v1/models/{model}',
    tag: 'OpenAI-compatible',
    summary: 'Retrieve a model',
    access: { resource: 'chat', owner: 'none' },
    params: z.strictObject({ model: modelName }),
    answers: { 200: { description: 'The model.', schema: model } },
    problems: ['model_not_found'],
    handle({ path }) {
      checkModel(path.model, configured, '/path/model');
      return json(modelJson(path.model));
    },
  }),
];
