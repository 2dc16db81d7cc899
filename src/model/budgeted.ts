// A model whose calls count for budgets: tokens are reserved before each attempt, and settled when it has ended.
import type { Spending } from '../domain/budgets/budget.ts';
import { tokensOfCall } from './fitted-prompt.ts';
import { ModelError, type Completion, type Model } from './model.ts';
import type { CountTokens } from './tokens.ts';

export interface BudgetedOptions {
  /** Null: there are no budgets. */
  readonly spending: Spending | null;
  readonly countTokens: CountTokens;
  /** The limit of output tokens of each call. */
  readonly outputTokens: number;
}

/** Tokens that a failed attempt has used; null: unknown, because the endpoint may have worked on it. */
const usedBy = (error: unknown): number | null => (error instanceof ModelError && error.unbilled ? 0 : null);

/** The same model. Its attempts also reject as `Spending.reserve` does, before the model is called. */
export function budgeted(model: Model, { spending, countTokens, outputTokens }: BudgetedOptions): Model {
  if (spending === null) return model;
  return {
    async complete(request): Promise<Completion> {
      const { signal } = request;
      const callId = await spending.reserve((await tokensOfCall(request, countTokens)) + outputTokens);
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
