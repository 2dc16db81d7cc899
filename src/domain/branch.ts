// Branches of a session. A turn that does not continue where its session ends opens a branch. The turns that are accepted
// after it belong to this branch, until another turn opens one. So a branch is a list of ranges of seqs: those of the turns
// that it continues, and its own. A turn that is delivered late is in its branch at its seq. No I/O.

/** The turns of a session from one seq to another, both included. */
export type SeqRange = readonly [from: number, to: number];

/** A turn that opened a branch. */
export interface Opener {
  readonly seq: number;
  /** The turns that the branch continues, oldest first. */
  readonly path: readonly SeqRange[];
}

/** Which turn a new turn continues. */
export interface Continuation {
  /** A turn of the session, in any state; null: the session's start. */
  readonly follows: string | null;
  /** The seqs of the turns that the new turn continues, in order, the last one that of `follows`; null: all turns of its
   *  branch up to `follows`. */
  readonly shown: readonly number[] | null;
}

/** A branch that continues more ranges loses its oldest ones. They are far older than any prompt. */
const MAX_RANGES = 256;
const FIRST_SEQ = 1;
const LAST_SEQ = Number.MAX_SAFE_INTEGER;

/** The ranges of the branch with this opener, up to and including `to`. `opener` null: the branch that the session began
 *  with. `to` missing: the branch has no end yet. */
export const rangesOf = (opener: Opener | null, to: number = LAST_SEQ): SeqRange[] => [
  ...(opener?.path ?? []),
  [opener?.seq ?? FIRST_SEQ, to],
];

/** What is known of a session when a turn is to continue one of its turns. */
export interface BranchFacts {
  /** The seq of the turn that is continued; 0: the session's start. */
  readonly followedSeq: number;
  /** The opener of the branch of the turn that is continued; null: none opened it. */
  readonly opener: Opener | null;
  /** The opener of the newest branch; null: the session has only one. */
  readonly newest: Opener | null;
  /** The seq of the last turn of the session that is delivered or may still be; 0: none. */
  readonly lastSeq: number;
}

/** Whether the newest branch ends with the turn that is continued. */
function isEnd({ followedSeq, newest, lastSeq }: BranchFacts): boolean {
  if (newest === null || followedSeq >= newest.seq) return followedSeq >= lastSeq;
  return lastSeq < newest.seq && followedSeq === (newest.path.at(-1)?.[1] ?? 0);
}

/** The path of the branch that the turn opens; null: it continues the newest branch. */
export function pathOf({ shown }: Continuation, facts: BranchFacts): readonly SeqRange[] | null {
  if (shown) return shown.map((seq): SeqRange => [seq, seq]).slice(-MAX_RANGES);
  if (isEnd(facts)) return null;
  const { followedSeq, opener } = facts;
  return followedSeq === 0 ? [] : rangesOf(opener, followedSeq).slice(-MAX_RANGES);
}
