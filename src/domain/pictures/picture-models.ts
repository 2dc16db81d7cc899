// Which models take pictures. Pure.
import type { Assistant, AssistantModel } from '../assistants/assistant.ts';

/** How the names of OpenAI's models that take pictures begin. */
const TAKE: readonly RegExp[] = [
  /^(?:chat)?gpt-4o\b/,
  /^gpt-4\.[15]\b/,
  /^gpt-4-(?:turbo|vision)\b/,
  /^gpt-[5-9]\b/,
  /^o[134]\b/,
];

/** Members of these families that do not. */
const TAKE_NOT: readonly RegExp[] = [
  /^gpt-4-turbo-preview\b/,
  /^o1-(?:mini|preview)\b/,
  /^o3-mini\b/,
  /-(?:audio|realtime|transcribe|tts|search)\b/,
];

/** The name of the model in OpenAI's notation. Gateways put the name of a provider before it, and OpenAI `ft:` before and
 *  more after the name of a model that was trained further. */
const baseName = (model: string): string =>
  model
    .toLowerCase()
    .slice(model.lastIndexOf('/') + 1)
    .replace(/^ft:/, '');

/** Whether the model takes pictures: what the operator says, or else whether it is of a family that does. */
export function takesPictures({ model, traits }: Pick<AssistantModel, 'model' | 'traits'>): boolean {
  const name = baseName(model);
  const isOf = (families: readonly RegExp[]) => families.some((family) => family.test(name));
  return traits.images ?? (isOf(TAKE) && !isOf(TAKE_NOT));
}

/** Whether a model of the assistant takes pictures. */
export const assistantTakesPictures = ({ models }: Pick<Assistant, 'models'>): boolean => models.some(takesPictures);
