// Checks what a load left behind: every turn once, per user in order, with the right reply. No I/O.
import { firstOf, type SentTurn } from './load.ts';

/** A delivered message as the API lists it. The rows of one user are in order. */
export interface Row {
  readonly user: string;
  readonly turnId: string;
  readonly role: string;
  readonly content: string;
}

/** The faults of the rows. Empty: each turn has its two rows, the sequence numbers of each user have no gap, and a turn
 *  that was acknowledged before another one was sent comes before it. */
export function verify(turns: readonly SentTurn[], rows: readonly Row[]): string[] {
  const byId = new Map(turns.map((turn) => [turn.turnId, turn]));
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const [user, ofUser] of Map.groupBy(rows, (row) => row.user)) {
    const inOrder: SentTurn[] = [];
    for (const [turnId, ofTurn] of Map.groupBy(ofUser, (row) => row.turnId)) {
      const turn = byId.get(turnId);
      if (turn) inOrder.push(turn);
      if (!turn || turn.user !== user) faults.push(`${user}: nobody sent the turn ${turnId}`);
      else if (!isExchange(turn, ofTurn)) faults.push(`${turnId}: the rows are ${JSON.stringify(ofTurn)}`);
      seen.add(turnId);
    }
    faults.push(...faultsOfOrder(user, inOrder));
  }
  for (const { turnId, user } of turns) if (!seen.has(turnId)) faults.push(`${user}: the turn ${turnId} has no rows`);
  return firstOf(faults);
}

function isExchange({ text }: SentTurn, rows: readonly Row[]): boolean {
  const [asked, answered] = rows;
  return (
    rows.length === 2 &&
    asked!.role === 'user' &&
    asked!.content === text &&
    answered!.role === 'assistant' &&
    answered!.content === `echo: ${text}`
  );
}

function faultsOfOrder(user: string, turns: readonly SentTurn[]): string[] {
  let latestSent = -Infinity;
  const faults: string[] = [];
  for (const [index, { turnId, seq, sentAt, ackedAt }] of turns.entries()) {
    const before = turns[index - 1]?.seq ?? null;
    if (ackedAt < latestSent) faults.push(`${user}: the turn ${turnId} is behind a later one`);
    if (seq !== null && before !== null && seq !== before + 1) faults.push(`${user}: seq ${seq} follows ${before}`);
    latestSent = Math.max(latestSent, sentAt);
  }
  return faults;
}
