// The budgets in force, over the rows: counts the calls of turns and summaries, and reads the current windows.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BudgetExhausted,
  ChargeLost,
  neverFits,
  ownerOf,
  refusedForS,
  roomAt,
  type Budget,
  type BudgetState,
  type Spending,
} from '../../domain/budgets/budget.ts';
import { Unavailable } from '../../domain/errors.ts';
import { newId } from '../../domain/ids.ts';
import type { Database, Statement } from '../database.ts';
import type { Claim } from '../held-claims.ts';
import { reserveTokens, settleTokens, type Charged } from './charges.ts';

const SETTLE_RETRY_MS = 500;

const WINDOWS: Statement = {
  name: 'budget-windows',
  sql: `with asked as materialized (
          select a.owner, a.window_s, clock.s - clock.s % a.window_s as starts_s
          from unnest(?::text[], ?::int8[]) as a (owner, window_s)
            cross join (select floor(extract(epoch from now()))::int8 as s) clock)
        select asked.owner, asked.window_s, asked.starts_s, now() as read_at,
          coalesce(w.reserved, 0) as reserved, coalesce(w.used, 0) as used
        from asked left join budget_windows w
          on w.owner = asked.owner and w.window_s = asked.window_s and w.starts_s = asked.starts_s`,
};

interface WindowRow {
  readonly owner: string;
  readonly window_s: number;
  readonly starts_s: number;
  readonly read_at: Date;
  readonly reserved: number;
  readonly used: number;
}

/** A budget, and the owner of its windows. */
interface Asked {
  readonly budget: Budget;
  readonly owner: string;
}

const keyOf = (owner: string, windowS: number): string => `${owner} ${windowS}`;

async function statesOfAll(database: Database, all: readonly (readonly Asked[])[]): Promise<BudgetState[][]> {
  const asked = new Map(all.flat().map((each) => [keyOf(each.owner, each.budget.windowS), each]));
  const rows = await database.rows<WindowRow>(WINDOWS, [
    [...asked.values()].map(({ owner }) => owner),
    [...asked.values()].map(({ budget }) => budget.windowS),
  ]);
  const byKey = new Map(rows.map((row) => [keyOf(row.owner, row.window_s), row]));
  return all.map((ofUser) =>
    ofUser.map(({ budget, owner }) => {
      const { reserved, used, starts_s: startsS, read_at: readAt } = byKey.get(keyOf(owner, budget.windowS))!;
      return { budget, reserved, used, resetsAt: new Date((startsS + budget.windowS) * 1_000), readAt };
    }),
  );
}

export class Budgets {
  readonly #database: Database;
  readonly #source: () => readonly Budget[];

  /** `source`: the budgets in force, which may change. */
  constructor(database: Database, source: () => readonly Budget[]) {
    this.#database = database;
    this.#source = source;
  }

  /** The current windows of the budgets that limit the user. @throws Unavailable */
  async statesOf(userId: string): Promise<BudgetState[]> {
    const asked = this.#source().map((budget) => ({ budget, owner: ownerOf(budget, userId) }));
    return asked.length === 0 ? [] : this.#database.batched('budget-windows', asked, statesOfAll);
  }

  /** The current windows of the budgets of all users together. @throws Unavailable */
  async statesOfAllUsers(): Promise<BudgetState[]> {
    return (await this.statesOf('')).filter(({ budget }) => budget.per === 'all');
  }

  /** Seconds until the user's turns may be accepted again; null: they may be accepted now. `tokens`: what a turn needs at
   *  least. @throws Unavailable */
  async refusedForS(userId: string, tokens: number): Promise<number | null> {
    return refusedForS(await this.statesOf(userId), tokens);
  }

  /** Counts the calls of a claim of a turn; null: there are no budgets. */
  ofTurn({ turnId, epoch, userId }: Claim & { readonly userId: string }): Spending | null {
    return this.#spending({ kind: 'turn', userId, chargeId: turnId, fence: epoch });
  }

  /** Counts the calls of a claim of a new draft; null: there are no budgets. `epoch`: of this claim. */
  ofRevision({ turnId, epoch, userId }: Claim & { readonly userId: string }): Spending | null {
    return this.#spending({ kind: 'revision', userId, chargeId: turnId, fence: epoch });
  }

  /** Counts the calls of a renewal of a summary; null: there are no budgets. */
  ofSummary(userId: string, mark: string): Spending | null {
    return this.#spending({ kind: 'summary', userId, chargeId: mark, fence: userId });
  }

  #spending(charged: Charged): Spending | null {
    if (this.#source().length === 0) return null;
    return {
      reserve: (tokens) => this.#reserve(charged, tokens),
      settle: (callId, tokens, signal) => this.#settle(charged, { callId, tokens }, signal),
    };
  }

  async #reserve(charged: Charged, tokens: number): Promise<string> {
    const callId = newId();
    for (;;) {
      const budgets = this.#source();
      if (neverFits(budgets, tokens)) throw new BudgetExhausted(tokens, null);
      const limits = budgets.map((budget) => ({ ...budget, owner: ownerOf(budget, charged.userId) }));
      const outcome = await reserveTokens(this.#database, charged, { callId, tokens, limits });
      if (outcome === 'lost') throw new ChargeLost(charged.chargeId);
      if (outcome === 'reserved') return callId;
      const at = roomAt(await this.statesOf(charged.userId), tokens);
      // Null: the room became free, or a window ended meanwhile.
      if (at !== null) throw new BudgetExhausted(tokens, at);
    }
  }

  async #settle(
    charged: Charged,
    { callId, tokens }: { readonly callId: string; readonly tokens: number | null },
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      try {
        return await settleTokens(this.#database, charged, callId, tokens);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        // The rejection of `sleep` says only that the signal aborted.
        await sleep(SETTLE_RETRY_MS, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
      }
    }
  }
}
