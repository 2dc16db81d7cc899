// Renews and releases claims. Leases use the database's clock.
import type { Database, Statement } from './database.ts';

/** A condition that no index has, so that each turn is found by its id, in the order of the ids. */
export const IS_RUNNING = "case turns.status when 'running' then true else false end";

/** Renews the leases of rows that are not locked: one locked row must not let the other leases of its worker lapse. The
 *  last part reads without locks which claims are still held, locked or not. */
const RENEW: Statement = {
  name: 'renew-leases',
  sql: `with held as materialized (select * from unnest(?::uuid[], ?::int4[]) as h (turn_id, epoch)),
        free as materialized (
          select turns.turn_id from held join turns on turns.turn_id = held.turn_id
          where turns.epoch = held.epoch and ${IS_RUNNING} for update of turns skip locked),
        renewed as (
          update turns set lease_until = clock_timestamp() + ?::float8 * interval '1 second'
          from free where turns.turn_id = free.turn_id returning turns.turn_id)
        select now() as at, turns.turn_id, renewed.turn_id is not null as renewed
        from (select 1) as one left join (held join turns on turns.turn_id = held.turn_id and turns.epoch = held.epoch
          and ${IS_RUNNING}) on true left join renewed on renewed.turn_id = turns.turn_id`,
};

export interface Claim {
  readonly turnId: string;
  readonly epoch: number;
}

/** In the order in which statements lock several turns. A renewal and a commit of the same turns would otherwise wait for
 *  each other until the database detects the deadlock after a second. */
export const inLockOrder = <T extends { readonly turnId: string }>(turns: readonly T[]): T[] =>
  turns.toSorted((a, b) => (a.turnId < b.turnId ? -1 : 1));

/** The bindings of `held`. */
function columnsOf(claims: readonly Claim[]): [turnIds: string[], epochs: number[]] {
  const ordered = inLockOrder(claims);
  return [ordered.map(({ turnId }) => turnId), ordered.map(({ epoch }) => epoch)];
}

/** What a renewal found. */
export interface Renewed {
  /** The time of the database, in milliseconds since 1970. */
  readonly at: number;
  /** The ids of the turns whose claim is still held. */
  readonly held: ReadonlySet<string>;
  /** Those of them whose lease was renewed. The rows of the others are locked. */
  readonly renewed: ReadonlySet<string>;
}

/** Renews the claims, also lapsed ones, if no other claim has taken them over. @throws Unavailable */
export async function renewLeases(database: Database, claims: readonly Claim[], leaseS: number): Promise<Renewed> {
  const rows = await database.rows<{ at: Date; turn_id: string | null; renewed: boolean }>(RENEW, [
    ...columnsOf(claims),
    leaseS,
  ]);
  const held = rows.filter((row) => row.turn_id !== null);
  return {
    at: rows[0]!.at.getTime(),
    held: new Set(held.map((row) => row.turn_id!)),
    renewed: new Set(held.filter((row) => row.renewed).map((row) => row.turn_id!)),
  };
}

/** A released claim has no id, so taking it is no takeover, and it is not released again. */
const RELEASE: Statement = {
  name: 'release-claims',
  sql: `update turns set lease_until = now(), claim_id = null, attempts = turns.attempts - ?::int4
        from unnest(?::uuid[], ?::int4[]) as held (turn_id, epoch)
        where turns.turn_id = held.turn_id and turns.epoch = held.epoch and turns.claim_id is not null and ${IS_RUNNING}`,
};

/** Releases the claims, so that other workers can claim their turns at once. `unused`: the model was not called under
 *  them. @throws Unavailable */
export async function releaseClaims(database: Database, claims: readonly Claim[], unused: boolean): Promise<void> {
  await database.rows(RELEASE, [unused ? 1 : 0, ...columnsOf(claims)]);
}

const RELEASE_UNANSWERED: Statement = {
  name: 'release-unanswered',
  sql: `update turns set lease_until = now(), claim_id = null, attempts = turns.attempts - 1
        where user_id = ? and claim_id = ?::uuid and status = 'running' returning turn_id, epoch`,
};

/** Releases the claim that a request made, if it made one: its answer was lost, so nobody works on the turn. Returns the
 *  claim; null: the request made none. @throws Unavailable */
export async function releaseUnanswered(database: Database, userId: string, claimId: string): Promise<Claim | null> {
  const [row] = await database.rows<{ turn_id: string; epoch: number }>(RELEASE_UNANSWERED, [userId, claimId]);
  return row ? { turnId: row.turn_id, epoch: row.epoch } : null;
}
