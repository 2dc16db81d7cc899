// The budgets that limit a user.
import { z } from 'zod';
import { BUDGET_SCOPES, isOfAll, type BudgetState, type Charge } from '../../domain/budgets/budget.ts';
import { json, operation, type Operation } from '../operation.ts';
import { COMPONENTS, instant, userId } from '../schemas.ts';
import type { BudgetService } from '../services.ts';

const budgetSchema = z
  .object({
    per: z
      .enum(BUDGET_SCOPES)
      .meta({ description: '`user`: each user has this many tokens. `all`: all users together.' }),
    window: z.string().meta({ examples: ['1d'] }),
    limit: z.int().meta({ description: 'Tokens in a window.' }),
    reserved: z.int().meta({ description: 'Tokens that calls under way may use.' }),
    used: z.int(),
    resets_at: instant.meta({ description: 'When the window ends and the next one begins.' }),
  })
  .register(COMPONENTS, { id: 'Budget' });

const budgetJson = ({ budget, reserved, used, resetsAt }: BudgetState): z.output<typeof budgetSchema> => ({
  per: budget.per,
  window: budget.window,
  limit: budget.tokens,
  reserved,
  used,
  resets_at: resetsAt.toISOString(),
});

/** A charge in the export of a user. The renewals of a summary have no id that the user knows. */
export const chargeJson = ({ chargeId, kind, owner, windowS, startsS, reserved, used }: Charge): object => ({
  turn_id: kind === 'summary' ? null : chargeId,
  per: isOfAll(owner) ? 'all' : 'user',
  window_s: windowS,
  starts_at: new Date(startsS * 1_000).toISOString(),
  reserved,
  used,
});

/** GET /users/{user_id}/budget. */
export const budgetOperations = (budgets: BudgetService): Operation[] => [
  operation({
    id: 'getBudget',
    method: 'GET',
    path: '/users/{user_id}/budget',
    tag: 'Users',
    summary: 'Retrieve the budgets of a user',
    description:
      'The current windows of the budgets that limit the user, in the order of the assistants file; empty: there are none. ' +
      'A turn runs if its tokens fit into what is neither reserved nor used, in all of them.',
    access: { resource: 'budget', owner: 'path' },
    params: z.strictObject({ user_id: userId }),
    answers: {
      200: {
        description: 'The budgets.',
        schema: z.object({ budgets: z.array(budgetSchema) }).register(COMPONENTS, { id: 'Budgets' }),
      },
    },
    problems: ['user_not_found', 'database_unavailable'],
    async handle({ path }) {
      const states = await budgets.statesOf(path.user_id);
      return json({ budgets: states.map(budgetJson) });
    },
  }),
];
