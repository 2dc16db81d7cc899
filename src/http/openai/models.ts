// The models: the names that the parameter `model` may have. They are the names of assistants, the alias of the default
// assistant, and its first model.
import { z } from 'zod';
import {
  assistantOfModel,
  modelNamesOf,
  OWN_NAME,
  type Assistant,
  type Assistants,
  type AssistantSource,
} from '../../domain/assistants/assistant.ts';
import { json, operation, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { COMPONENTS } from '../schemas.ts';

const model = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.string(),
    assistant: z.string().meta({ description: 'The assistant that answers. Not part of OpenAI’s API.' }),
    description: z
      .string()
      .meta({ description: 'What the operator says about the assistant. Not part of OpenAI’s API.' }),
  })
  .register(COMPONENTS, { id: 'OpenAiModel' });
const modelList = z
  .object({ object: z.literal('list'), data: z.array(model) })
  .register(COMPONENTS, { id: 'OpenAiModelList' });

/** The model name in a request. `assistantFor` validates it. */
export const modelName = z.string().meta({ description: 'A model of `GET /v1/models`.', examples: [OWN_NAME] });

/** The assistant that the parameter `model` names. `pointer`: the position of the name in the request.
 *  @throws Problem model_not_found */
export function assistantFor(
  name: string,
  assistants: Assistants,
  pointer: '/model' | '/path/model' = '/model',
): Assistant {
  const assistant = assistantOfModel(assistants, name);
  if (assistant) return assistant;
  const names = modelNamesOf(assistants).join(', ');
  throw new Problem('model_not_found', `The available models are ${names}.`, {
    errors: [{ pointer, detail: `must be one of ${names}` }],
  });
}

const modelJson = (id: string, { name, description }: Assistant): z.output<typeof model> => ({
  id,
  object: 'model',
  created: 0,
  owned_by: OWN_NAME,
  assistant: name,
  description,
});

/** Operations for models. */
export const modelOperations = (assistants: AssistantSource): Operation[] => [
  operation({
    id: 'listModels',
    method: 'GET',
    path: '/v1/models',
    tag: 'OpenAI-compatible',
    summary: 'List the models',
    description: `The assistants, the alias \`${OWN_NAME}\` of the default assistant, and the name of its first model.`,
    access: { resource: 'chat', owner: 'none' },
    answers: { 200: { description: 'The models.', schema: modelList } },
    handle() {
      const { current } = assistants;
      const data = modelNamesOf(current).map((name) => modelJson(name, assistantFor(name, current)));
      return json({ object: 'list', data });
    },
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
      return json(modelJson(path.model, assistantFor(path.model, assistants.current, '/path/model')));
    },
  }),
];
