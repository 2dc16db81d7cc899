// I1: what was accepted exists and ends once. I8: an acknowledgement is durable.
import type { Check, Evidence, TurnRow } from './evidence.ts';

const FINAL = new Set(['completed', 'failed', 'cancelled', 'rejected', 'expired']);

const rowsById = ({ rows }: Evidence) => new Map(rows.turns.map((row) => [row.turn_id, row]));

function accepted(evidence: Evidence): string[] {
  const faults: string[] = [];
  const byId = rowsById(evidence);
  const pending = new Set(
    evidence.rows.reviews.filter(({ status }) => status === 'pending').map(({ turn_id: id }) => id),
  );
  for (const { acks, text, user } of evidence.history.turns) {
    if (acks.size > 1) faults.push(`one key, ${acks.size} turns: ${[...acks].join(', ')}`);
    for (const id of acks) {
      const row = byId.get(id);
      if (!row) faults.push(`the accepted turn ${id} does not exist`);
      else if (row.text !== text || row.user_id !== user)
        faults.push(`${id}: ${row.user_id}: ${row.text}, not ${text}`);
    }
  }
  for (const { turn_id: id, status } of evidence.rows.turns) {
    const isSettled = FINAL.has(status) || (status === 'awaiting_review' && pending.has(id));
    if (!isSettled) faults.push(`${id} is ${status}`);
  }
  return faults;
}

/** A turn fails only if the model failed it. */
function failed({ rows, calls }: Evidence): string[] {
  const isOwn = ({ error_code: code, text }: TurnRow) =>
    code?.startsWith('model_') === true && (calls.get(text) ?? []).some(({ outcome }) => outcome !== 'answered');
  return rows.turns
    .filter((row) => row.status === 'failed' && !isOwn(row))
    .map(({ turn_id: id, error_code: code, epoch }) => `${id} failed: ${code}, claim ${epoch}`);
}

/** What clients were told: the turn they saw end, the cancel that was confirmed, and no answer that contradicts a valid
 *  request. */
function durable(evidence: Evidence): string[] {
  const faults = [...evidence.history.wrong];
  const byId = rowsById(evidence);
  const reviewed = new Set(evidence.rows.reviews.map(({ turn_id: id }) => id));
  for (const { acks, status, reply, cancel } of evidence.history.turns) {
    for (const row of [...acks].map((id) => byId.get(id))) {
      if (!row) continue;
      if (cancel === 200 && row.status !== 'cancelled')
        faults.push(`${row.turn_id}: cancelled for its client, ${row.status}`);
      if (status === null || status === 'awaiting_review') continue;
      if (row.status !== status || (status === 'completed' && row.reply !== reply))
        faults.push(`${row.turn_id}: ${status} for its client, ${row.status} in the rows`);
    }
  }
  const reviews = new Map(evidence.rows.reviews.map((review) => [review.review_id, review]));
  for (const { reviewId, decision, reply, status } of evidence.history.decisions) {
    const review = reviews.get(reviewId);
    if (status !== 200) continue;
    if (!review) faults.push(`the decided review ${reviewId} does not exist`);
    else if (review.decision !== decision || (decision === 'edit' && review.reply !== reply))
      faults.push(`${reviewId}: ${decision} was confirmed, ${review.decision} (${review.status}) is stored`);
  }
  for (const { turn_id: id, status } of evidence.rows.turns)
    if (status === 'awaiting_review' && !reviewed.has(id)) faults.push(`${id} awaits a review that does not exist`);
  return faults;
}

/** A client that repeats its requests gets an answer at the end. */
const answered = ({ history }: Evidence): string[] =>
  history.turns
    .filter(({ wasAbandoned }) => wasAbandoned)
    .map(
      ({ text, acks }) => `${text}: ${acks.size === 0 ? 'its request was never answered' : 'its client saw no end'}`,
    );

export const ACCEPTED_CHECKS: readonly Check[] = [
  { name: 'I1 accepted turns end', run: accepted },
  { name: 'I1 no turn fails because of infrastructure', run: failed },
  { name: 'I8 acknowledged is durable', run: durable },
  { name: 'I8 repeated requests are answered', run: answered },
];
