// The rows of the budgets.
import type { ExecutionContext } from 'ava';
import type { Database } from '../../src/store/database.ts';

const SUMS = `select coalesce(w.owner, c.owner) as owner, coalesce(w.window_s, c.window_s) as window_s,
    coalesce(w.reserved, 0) as reserved, coalesce(w.used, 0) as used,
    coalesce(c.reserved, 0) as charged_reserved, coalesce(c.used, 0) as charged_used
  from budget_windows w full join (
    select owner, window_s, starts_s, sum(reserved)::int8 as reserved, sum(used)::int8 as used
    from budget_charges group by owner, window_s, starts_s) c
  on c.owner = w.owner and c.window_s = w.window_s and c.starts_s = w.starts_s`;

interface Sums {
  readonly owner: string;
  readonly window_s: number;
  readonly reserved: number;
  readonly used: number;
  readonly charged_reserved: number;
  readonly charged_used: number;
}

/** Every window has exactly the sum of its charges, and nothing is reserved. */
export async function assertSettled(t: ExecutionContext, database: Database): Promise<void> {
  const rows = await database.rows<Sums>({ name: 'test-budget-sums', sql: SUMS }, []);
  t.true(rows.length > 0);
  for (const { owner, window_s: window, reserved, used, charged_reserved: openInCharges, charged_used: sum } of rows)
    t.deepEqual([reserved, used], [openInCharges, sum], `${owner} ${window}`);
  t.true(
    rows.every(({ reserved }) => reserved === 0),
    'nothing is reserved',
  );
}

/** Every window ends now, by moving all of them one day into the past. */
export async function endWindows(database: Database): Promise<void> {
  for (const table of ['budget_windows', 'budget_charges'])
    await database.builder.raw(`update ${table} set starts_s = starts_s - 86400`);
  await database.builder.raw("update turns set not_before = not_before - interval '1 day'");
  await database.builder.raw("update due_summaries set due_at = due_at - interval '1 day'");
}
