// How a reply ended, in words. Pure.
import type { FinishReason } from '../api/derived.ts';

const WORDS: Readonly<Record<FinishReason, string | null>> = {
  stop: null,
  length: 'Cut off at the limit of the model',
  tool_limit: 'Written at the limit of tool calls: the model could not make more calls',
  tool_calls: 'The application makes the calls that this reply asks for',
};

/** What is special about the end of a reply; null: nothing, or it is not known. */
export const finishText = (reason: FinishReason | null): string | null => (reason === null ? null : WORDS[reason]);
