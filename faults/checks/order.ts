// I3: the turns of a user are numbered without gaps, in the order of their accepts, and run one at a time.
import type { Check, Evidence } from './evidence.ts';

/** The database stamps a row when its statement starts, which may be shortly before the statement sees other commits. */
const START_MS = 100;

function gapless({ rows }: Evidence): string[] {
  const faults: string[] = [];
  for (const [user, turns] of Map.groupBy(rows.turns, ({ user_id: id }) => id))
    for (const [index, { seq }] of turns.entries())
      if (seq !== index + 1) {
        faults.push(`${user}: seq ${seq} is the turn ${index + 1}`);
        break;
      }
  return faults;
}

/** A turn that was acknowledged before another one of the user was sent comes before it. */
function inAcceptOrder({ rows, history }: Evidence): string[] {
  const faults: string[] = [];
  const sentByKey = new Map(history.turns.map((sent) => [sent.key, sent]));
  for (const [user, turns] of Map.groupBy(rows.turns, ({ user_id: id }) => id)) {
    let latestSent = -Infinity;
    for (const { turn_id: id, idempotency_key: key } of turns) {
      const sent = sentByKey.get(key ?? '');
      if (!sent) {
        faults.push(`${user}: nobody sent the key of ${id}`);
        continue;
      }
      if (sent.ackedAt !== null && sent.ackedAt < latestSent) faults.push(`${user}: ${id} is behind a later one`);
      latestSent = Math.max(latestSent, sent.sentAt);
    }
  }
  return faults;
}

function oneAtATime({ rows }: Evidence): string[] {
  const faults: string[] = [];
  const parked = new Map(rows.reviews.map(({ turn_id: id, created_ms: at }) => [id, at]));
  for (const [user, turns] of Map.groupBy(rows.turns, ({ user_id: id }) => id)) {
    let [before, settled] = ['', -Infinity];
    for (const { turn_id: id, started_ms: started, finished_ms: finished } of turns) {
      if (started === null) continue;
      if (started < settled - START_MS) faults.push(`${user}: ${id} started before ${before} was settled`);
      [before, settled] = [id, parked.get(id) ?? finished ?? settled];
    }
  }
  return faults;
}

export const ORDER_CHECKS: readonly Check[] = [
  { name: 'I3 seq without gaps', run: gapless },
  { name: 'I3 order of accepts', run: inAcceptOrder },
  { name: 'I3 one turn of a user at a time', run: oneAtATime },
];
