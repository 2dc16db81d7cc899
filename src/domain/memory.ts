// The memory of a user (profile and summary) and the rules by which it changes. Pure: the actor stores the results.

export interface Profile {
  readonly name: string;
  readonly preferredStyle: string;
  readonly favouriteTopics: readonly string[];
}

/** The actor state key `memory`: one JSON object with its own version. */
export interface MemoryRecord extends Profile {
  /** Increases by 1 with every change. */
  readonly version: number;
  readonly summary: string;
  /** The summary covers the user's turns up to this seq; 0: none. */
  readonly throughSeq: number;
  /** Turns up to this seq were forgotten: no later summary may use them. */
  readonly forgottenSeq: number;
}

/** A summary that was replaced. */
export interface PastSummary {
  readonly version: number;
  readonly summary: string;
  readonly throughSeq: number;
  /** The turns that the summary was made from; empty: a person wrote it. */
  readonly turnIds: readonly string[];
  readonly replacedAt: string;
}

/** The actor state key `history`: the turns of the current summary, and the earlier summaries, newest first. */
export interface MemoryHistory {
  readonly turnIds: readonly string[];
  readonly past: readonly PastSummary[];
}

export type MemoryPatch = Partial<Profile & { readonly summary: string }>;

export interface NewSummary {
  readonly summary: string;
  readonly throughSeq: number;
  /** In the order in which they were delivered. */
  readonly turnIds: readonly string[];
}

export interface UserMemory {
  readonly memory: MemoryRecord;
  readonly history: MemoryHistory;
}

/** Maximum number of earlier summaries. */
const HISTORY_LENGTH = 50;

/** The memory of a user without stored memory. The wording is that of the tutorials. */
export const unknownUser = (userId: string): MemoryRecord => ({
  name: userId,
  preferredStyle: 'casual',
  favouriteTopics: [],
  summary: `${userId} is a new user.`,
  version: 0,
  throughSeq: 0,
  forgottenSeq: 0,
});

export const NO_HISTORY: MemoryHistory = { turnIds: [], past: [] };

function replaceSummary(before: UserMemory, next: MemoryRecord, turnIds: readonly string[], now: Date): UserMemory {
  const { memory, history } = before;
  const replaced: PastSummary = {
    version: memory.version,
    summary: memory.summary,
    throughSeq: memory.throughSeq,
    turnIds: history.turnIds,
    replacedAt: now.toISOString(),
  };
  // The sentence for an unknown user is not a summary, so the history does not keep it.
  const past = memory.version === 0 ? history.past : [replaced, ...history.past].slice(0, HISTORY_LENGTH);
  return { memory: next, history: { turnIds, past } };
}

/** Sets the given fields on behalf of a person or the application. */
export function patchMemory(before: UserMemory, patch: MemoryPatch, now: Date): UserMemory {
  const memory: MemoryRecord = { ...before.memory, ...patch, version: before.memory.version + 1 };
  return patch.summary === undefined || patch.summary === before.memory.summary
    ? { memory, history: before.history }
    : replaceSummary(before, memory, [], now);
}

/** Whether the stored summary covers the turn of `next` that was delivered last. A reply that was approved late has a
 *  smaller seq than turns of the stored summary: then the summary does not name its turn. */
export function isCovered({ memory, history }: UserMemory, next: Omit<NewSummary, 'summary'>): boolean {
  if (next.throughSeq !== memory.throughSeq) return next.throughSeq < memory.throughSeq;
  const last = next.turnIds.at(-1);
  return last === undefined || history.turnIds.includes(last);
}

/** Replaces the summary; null: the stored one already covers these turns, or they were forgotten. */
export function renewSummary(before: UserMemory, next: NewSummary, now: Date): UserMemory | null {
  const { memory } = before;
  if (isCovered(before, next) || next.throughSeq <= memory.forgottenSeq) return null;
  const renewed: MemoryRecord = {
    ...memory,
    summary: next.summary,
    throughSeq: next.throughSeq,
    version: memory.version + 1,
  };
  return replaceSummary(before, renewed, next.turnIds, now);
}

/** Clears the memory. No later summary uses turns up to `forgottenSeq`. */
export const forgetMemory = (userId: string, before: UserMemory, forgottenSeq: number): UserMemory => ({
  memory: { ...unknownUser(userId), version: before.memory.version + 1, forgottenSeq },
  history: NO_HISTORY,
});

/** Where a UserSession actor keeps its memory. Only the actor writes it, so there is no compare-and-set. */
export interface ActorState {
  /** The JSON value of the key; null if there is none. */
  get(userId: string, key: string): Promise<unknown>;
  /** Writes all entries or none. */
  set(userId: string, entries: Readonly<Record<string, object>>): Promise<void>;
  /** Removes the keys. A key without a value is not an error. */
  remove(userId: string, keys: readonly string[]): Promise<void>;
}
