// Budgets: how many tokens may be used in a window of time, by each user or by all together. Windows are fixed: they
// begin at multiples of their length since 1970, in UTC. No I/O.

export const BUDGET_SCOPES = ['user', 'all'] as const;

export interface Budget {
  /** `user`: each user has this many tokens. `all`: all users together have them. */
  readonly per: (typeof BUDGET_SCOPES)[number];
  readonly tokens: number;
  /** As the operator wrote it: `30m`, `1h`, `1d`. */
  readonly window: string;
  readonly windowS: number;
}

/** The limit of output tokens of a call where a budget applies and the operator set none: without a limit nobody knows how
 *  much to reserve. */
export const BUDGET_OUTPUT_TOKENS = 4_096;

const UNIT_S: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };
const MAX_WINDOW_S = 366 * 86_400;

/** The seconds of a window such as `30m`, `1h` or `1d`; null: not a window, or longer than 366 days. */
export function windowSeconds(text: string): number | null {
  const [, amount, unit] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? [];
  if (amount === undefined) return null;
  const seconds = Number(amount) * UNIT_S[unit!]!;
  return seconds <= MAX_WINDOW_S ? seconds : null;
}

/** The owner of the windows of budgets for all users together. No user has this id. */
const ALL_USERS = '';

/** Whose window a budget of this user counts. */
export const ownerOf = ({ per }: Pick<Budget, 'per'>, userId: string): string => (per === 'all' ? ALL_USERS : userId);
export const isOfAll = (owner: string): boolean => owner === ALL_USERS;

/** The current window of a budget. */
export interface BudgetState {
  readonly budget: Budget;
  /** Tokens of calls that have not ended. */
  readonly reserved: number;
  /** Tokens of calls that have ended. */
  readonly used: number;
  readonly resetsAt: Date;
  /** When this was read, by the clock of the database. */
  readonly readAt: Date;
}

/** The tokens that one turn with its new drafts, or one summary of the user, was charged in one window. */
export interface Charge {
  /** The id of the turn, or of the renewal of the summary. */
  readonly chargeId: string;
  /** `revision`: the turn has got a new draft in this window. */
  readonly kind: 'turn' | 'revision' | 'summary';
  /** Whose window it counts. */
  readonly owner: string;
  readonly windowS: number;
  /** Start of the window in seconds since 1970. */
  readonly startsS: number;
  readonly reserved: number;
  readonly used: number;
}

/** Whether so many tokens would not even fit into an empty window. */
export const neverFits = (budgets: readonly Budget[], tokens: number): boolean =>
  budgets.some((budget) => tokens > budget.tokens);

/** While calls under way keep a turn from running, it is tried again after this time: they may use less than they reserved. */
const RESERVED_RETRY_MS = 10_000;

/** When so many tokens may fit: at the end of the windows whose used tokens leave too little room, or soon if only reserved
 *  ones do. Null: they fit now. */
export function roomAt(states: readonly BudgetState[], tokens: number): Date | null {
  const times = states
    .filter(({ budget, used, reserved }) => used + reserved + tokens > budget.tokens)
    .map(({ budget, used, resetsAt, readAt }) =>
      used + tokens > budget.tokens
        ? resetsAt.getTime()
        : Math.min(resetsAt.getTime(), readAt.getTime() + RESERVED_RETRY_MS),
    );
  return times.length === 0 ? null : new Date(Math.max(...times));
}

/** Seconds until a turn that needs at least so many tokens may be accepted again; null: it may be accepted now. It is
 *  refused only because of used tokens: reserved ones may become free. A turn that never fits is accepted, and fails. */
export function refusedForS(states: readonly BudgetState[], tokens: number): number | null {
  const waits = states
    .filter(({ budget, used }) => used >= budget.tokens || (tokens <= budget.tokens && used + tokens > budget.tokens))
    .map(({ resetsAt, readAt }) => Math.max(1, Math.ceil((resetsAt.getTime() - readAt.getTime()) / 1_000)));
  return waits.length === 0 ? null : Math.max(...waits);
}

/** The tokens of a call do not fit. `roomAt`: when they may fit; null: never. */
export class BudgetExhausted extends Error {
  override readonly name = 'BudgetExhausted';
  readonly roomAt: Date | null;

  constructor(tokens: number, at: Date | null) {
    super(at === null ? `a call needs up to ${tokens} tokens, more than a budget has` : 'a budget has no room now');
    this.roomAt = at;
  }
}

/** The turn or the summary was taken over, cancelled, renewed or erased: its call must not be made. */
export class ChargeLost extends Error {
  override readonly name = 'ChargeLost';
}

/** Counts the calls of one turn or summary. */
export interface Spending {
  /** Reserves tokens before a call of the model, and ends the reservations that earlier claims have left. Returns the id of
   *  the reservation. @throws BudgetExhausted, ChargeLost, Unavailable */
  reserve(tokens: number): Promise<string>;
  /** Ends a reservation with the tokens that the call used; null: unknown, so the whole reservation counts as used. Tries
   *  until the database answers or the signal aborts. Then the sweeper ends it, as used. Repeating it changes nothing. */
  settle(callId: string, tokens: number | null, signal: AbortSignal): Promise<void>;
}
