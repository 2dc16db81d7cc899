// The table `user_grants`: which worker may claim a user's turns without a call of the user's actor. A grant has a holder,
// a version and an end, all by the database's clock. claims.ts creates and checks grants together with the claim.
import type { Database, Statement } from './database.ts';

/** Seconds for which a worker holds a user. */
export const GRANT_S = 2;

/** A request to claim for a worker. `version`: of the grant that the worker holds; null: the actor asks, and grants. */
export interface GrantRequest {
  readonly holder: string;
  readonly version: number | null;
}

const GIVE_BACK: Statement = {
  name: 'grants-give-back',
  sql: `update user_grants set held_until = now()
        where user_id = any(?::text[]) and holder = ?::uuid and held_until > now()`,
};

/** Ends the grants of these users that `holder` has. @throws Unavailable */
export async function giveBackGrants(database: Database, userIds: readonly string[], holder: string): Promise<void> {
  await database.rows(GIVE_BACK, [userIds, holder]);
}

const REVOKE: Statement = {
  name: 'grant-revoke',
  sql: 'update user_grants set held_until = now(), version = version + 1 where user_id = ?',
};

/** Ends the grant of this user. @throws Unavailable */
export async function revokeGrant(database: Database, userId: string): Promise<void> {
  await database.rows(REVOKE, [userId]);
}
