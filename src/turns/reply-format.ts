// Checks that a reply has the format that its client requires. A reply that does not is asked for once more.
import { checkedReply, type ReplyFormat } from '../domain/tools/reply-format.ts';
import type { Usage } from '../domain/turn.ts';
import { ModelError, type Completion, type Message } from '../model/model.ts';

const sum = (one: Usage | null, other: Usage | null): Usage | null =>
  one && other
    ? { inputTokens: one.inputTokens + other.inputTokens, outputTokens: one.outputTokens + other.outputTokens }
    : (one ?? other);

const repairOf = (text: string, fault: string): Message[] => [
  { role: 'assistant', content: text },
  {
    role: 'user',
    content: `Your reply does not have the required format: ${fault}. Write it again, and nothing but the corrected JSON.`,
  },
];

/** The completion in the format. `ask`: asks the model once more, with these messages after the prompt.
 *  @throws ModelError model_malformed_reply: the second reply does not have the format either */
export async function inFormat(
  format: ReplyFormat,
  completion: Completion,
  ask: (messages: readonly Message[]) => Promise<Completion>,
): Promise<Completion> {
  const checked = checkedReply(format, completion.text);
  if ('text' in checked) return { ...completion, text: checked.text };
  const second = await ask(repairOf(completion.text, checked.fault));
  const again = checkedReply(format, second.text);
  if ('text' in again) return { ...second, text: again.text, usage: sum(completion.usage, second.usage) };
  const detail = `the reply does not have the format that the request requires: ${again.fault}`;
  throw new ModelError('model_malformed_reply', detail, { retryable: false });
}
