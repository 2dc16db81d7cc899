// A model whose calls count for budgets: tokens are reserved before each attempt, and settled when it has ended.
import type { Spending } from '../domain/budgets/budget.ts';
import { TOKENS_OF_START, tokensOf } from './fitted-prompt.ts';
import { ModelError, type Completion, type CompletionRequest, type Message, type Model } from './model.ts';
import type { CountTokens } from './tokens.ts';

export interface BudgetedOptions {
  /** Null: there are no budgets. */
  readonly spending: Spending | null;
  readonly countTokens: CountTokens;
  /** The limit of output tokens of each call. */
  readonly outputTokens: number;
}

/** What the model reads besides the texts of messages: the tools, and the calls that it asked for before. */
const otherText = ({ tools = [], messages }: CompletionRequest): string => {
  const calls = messages.flatMap(({ toolCalls = [] }: Message) => toolCalls);
  return tools.length + calls.length === 0 ? '' : JSON.stringify([tools, calls]);
};

async function estimateOf(request: CompletionRequest, count: CountTokens): Promise<number> {
  const text = otherText(request);
  return TOKENS_OF_START + (await tokensOf(request.messages, count)) + (text === '' ? 0 : await count(text));
}

/** Tokens that a failed attempt has used; null: unknown, because the endpoint may have worked on it. */
const usedBy = (error: unknown): number | null => (error instanceof ModelError && error.unbilled ? 0 : null);

/** The same model. Its attempts also reject as `Spending.reserve` does, before the model is called. */
export function budgeted(model: Model, { spending, countTokens, outputTokens }: BudgetedOptions): Model {
  if (spending === null) return model;
  return {
    async complete(request): Promise<Completion> {
      const { signal } = request;
      const callId = await spending.reserve((await estimateOf(request, countTokens)) + outputTokens);
      try {
        const completion = await model.complete(request);
        const { usage } = completion;
        await spending.settle(callId, usage && usage.inputTokens + usage.outputTokens, signal);
        return completion;
      } catch (error) {
        // An aborted call is left: if another claim of the turn follows, it takes over the room of the reservation.
        if (!signal.aborted) await spending.settle(callId, usedBy(error), signal);
        throw error;
      }
    },
  };
}
