// What turnkeeper remembers of a user, and the rules by which it changes. Pure: the actor stores what these return.

export interface Profile {
  readonly name: string;
  readonly preferredStyle: string;
  readonly favouriteTopics: readonly string[];
}

/** What stands in actor state under `memory`: one JSON object with its own version. */
export interface MemoryRecord extends Profile {
  /** Grows by one with every change. */
  readonly version: number;
  readonly summary: string;
  /** The summary covers the user's turns up to this seq; 0: none. */
  readonly throughSeq: number;
  /** Turns up to this seq were forgotten: no summary may learn from them again. */
  readonly forgottenSeq: number;
}

/** A summary that was replaced. */
export interface PastSummary {
  readonly version: number;
  readonly summary: string;
  readonly throughSeq: number;
  /** The turns it was made from; empty: a person wrote it. */
  readonly turnIds: readonly string[];
  readonly replacedAt: string;
}

/** What stands in actor state under `history`: where the present summary comes from, and those before it, newest first. */
export interface MemoryHistory {
  readonly turnIds: readonly string[];
  readonly past: readonly PastSummary[];
}

export type MemoryPatch = Partial<Profile & { readonly summary: string }>;

export interface NewSummary {
  readonly summary: string;
  readonly throughSeq: number;
  readonly turnIds: readonly string[];
}

export interface Remembered {
  readonly memory: MemoryRecord;
  readonly history: MemoryHistory;
}

/** Earlier summaries that are kept. */
const HISTORY_LENGTH = 50;

/** What is answered for a user of whom nothing is known; the tutorials' words. */
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

function replaceSummary(before: Remembered, next: MemoryRecord, turnIds: readonly string[], now: Date): Remembered {
  const { memory, history } = before;
  const replaced: PastSummary = {
    version: memory.version,
    summary: memory.summary,
    throughSeq: memory.throughSeq,
    turnIds: history.turnIds,
    replacedAt: now.toISOString(),
  };
  // The sentence for an unknown user was nobody's summary.
  const past = memory.version === 0 ? history.past : [replaced, ...history.past].slice(0, HISTORY_LENGTH);
  return { memory: next, history: { turnIds, past } };
}

/** A person (or the application) sets some of it. */
export function patchMemory(before: Remembered, patch: MemoryPatch, now: Date): Remembered {
  const memory: MemoryRecord = { ...before.memory, ...patch, version: before.memory.version + 1 };
  return patch.summary === undefined || patch.summary === before.memory.summary
    ? { memory, history: before.history }
    : replaceSummary(before, memory, [], now);
}

/** A newer summary; null where what is stored already covers as much, or where its turns were forgotten. */
export function renewSummary(before: Remembered, next: NewSummary, now: Date): Remembered | null {
  const { memory } = before;
  if (next.throughSeq <= memory.throughSeq || next.throughSeq <= memory.forgottenSeq) return null;
  const renewed: MemoryRecord = {
    ...memory,
    summary: next.summary,
    throughSeq: next.throughSeq,
    version: memory.version + 1,
  };
  return replaceSummary(before, renewed, next.turnIds, now);
}

/** Nothing is known any more, and turns up to `forgottenSeq` will not be learned from again. */
export const forgetMemory = (userId: string, before: Remembered, forgottenSeq: number): Remembered => ({
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
