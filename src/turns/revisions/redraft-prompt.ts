// The prompt for a new draft: the prompt of the turn, the draft, and what the reviewer wants of it. No I/O.
import type { Message } from '../../model/model.ts';
import type { Prompt } from '../../model/fitted-prompt.ts';

/** The text without the name of the tags around it, so that it cannot close them. */
const withoutTags = (text: string): string => text.replaceAll(/reviewer_instructions/gi, 'reviewer instructions');

const instructionsOf = (note: string): string =>
  [
    'Your reply has not been sent. A reviewer wants another one, as the instructions between the reviewer_instructions tags say.',
    'Write the whole reply to the last message before it again. Write nothing about the review or the reviewer.',
    `<reviewer_instructions>\n${withoutTags(note)}\n</reviewer_instructions>`,
  ].join('\n');

/** The prompt of the turn, continued by the draft and the note of the reviewer. */
export function redraftPrompt(prompt: Prompt, draft: string, note: string): Prompt {
  const added: readonly Message[] = [
    // A draft that only asked the client for calls has no text.
    ...(draft === '' ? [] : [{ role: 'assistant', content: draft } as const]),
    { role: 'user', content: instructionsOf(note) },
  ];
  return { ...prompt, messages: (exchanges) => [...prompt.messages(exchanges), ...added] };
}
