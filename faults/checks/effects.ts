// I2: every effect happens once. I4: only the latest claim commits.
import { callOf } from '../system/model.ts';
import { isReviewed } from '../load/texts.ts';
import { isOfOldClaim } from './calls.ts';
import type { Check, Evidence, TurnRow } from './evidence.ts';

/** Times of the database and of the model's ledger are of the same clock, in different units. */
const ROUNDING_MS = 2;

/** Two rows for each delivered turn, one turn for each message, one review for each turn that needed one. */
function once({ rows, history }: Evidence): string[] {
  const faults: string[] = [];
  const sent = new Set(history.turns.map(({ text }) => text));
  const turnsOfText = Map.groupBy(rows.turns, ({ text }) => text);
  for (const [text, turns] of turnsOfText) {
    if (!sent.has(text)) faults.push(`nobody sent ${text}`);
    if (turns.length > 1) faults.push(`${text}: ${turns.length} turns`);
  }
  const messages = Map.groupBy(rows.messages, ({ turn_id: id }) => id);
  for (const { turn_id: id, text, reply, status } of rows.turns) {
    const [asked, answered, ...more] = messages.get(id) ?? [];
    const isExchange =
      asked?.role === 'user' && asked.content === text && answered?.content === reply && more.length === 0;
    if (status === 'completed' ? !isExchange : asked !== undefined)
      faults.push(`${id} is ${status}: ${JSON.stringify(messages.get(id))}`);
  }
  const reviews = Map.groupBy(rows.reviews, ({ turn_id: id }) => id);
  for (const row of rows.turns) {
    const count = reviews.get(row.turn_id)?.length ?? 0;
    const isHeld = isReviewed(row.text) && row.status !== 'failed' && row.status !== 'cancelled';
    if (count > 1 || (isHeld && count === 0)) faults.push(`${row.turn_id} is ${row.status} with ${count} reviews`);
  }
  return faults;
}

/** The final state of a turn follows from its review. */
function decidedOnce({ rows }: Evidence): string[] {
  const byId = new Map(rows.turns.map((row) => [row.turn_id, row]));
  const ends: Readonly<Record<string, string>> = {
    pending: 'awaiting_review',
    approved: 'completed',
    edited: 'completed',
    rejected: 'rejected',
    expired: 'expired',
    cancelled: 'cancelled',
  };
  return rows.reviews.flatMap(({ review_id: id, turn_id: turnId, status, draft, reply }) => {
    const turn = byId.get(turnId);
    const delivered = { approved: draft, edited: reply }[status];
    if (turn?.status !== ends[status]) return [`the review ${id} is ${status}, its turn ${turn?.status}`];
    return delivered !== undefined && turn!.reply !== delivered
      ? [`the review ${id}: ${turn!.reply} was delivered`]
      : [];
  });
}

/** One delivery for each event of a turn, and the receiver saw each delivered one. */
function webhooks({ rows, receiver, history }: Evidence): string[] {
  const faults = receiver.contradictions.map((id) => `the event ${id} has two contents`);
  const known = new Map(rows.deliveries.map((delivery) => [delivery.delivery_id, delivery]));
  for (const [key, all] of Map.groupBy(rows.deliveries, ({ turn_id: id, event }) => `${event} of ${id}`))
    if (all.length > 1) faults.push(`${all.length} deliveries for ${key}`);
  for (const { delivery_id: id, status, event, turn_id: turnId } of rows.deliveries)
    if (status === 'delivered' && !receiver.receipts.has(id)) faults.push(`${event} of ${turnId} never arrived`);
  for (const [id, { turnId }] of receiver.receipts)
    if (!known.has(id)) faults.push(`the receiver got ${id} of ${turnId}, which is no delivery`);
  const told = new Set(rows.deliveries.map(({ turn_id: id, event }) => `${id} ${event}`));
  if (history.turns.length > 0)
    for (const { turn_id: id, status } of rows.turns)
      if (!told.has(`${id} turn.${status}`)) faults.push(`there is no delivery of turn.${status} for ${id}`);
  return faults;
}

/** The reply belongs to the turn's own message, and to the last claim: no later call had begun when it was committed. */
function latestClaim(evidence: Evidence): string[] {
  const reviews = new Map(evidence.rows.reviews.map((review) => [review.turn_id, review]));
  return evidence.rows.turns.flatMap((row) => {
    const review = reviews.get(row.turn_id);
    const written = review ? review.draft : row.status === 'completed' ? row.reply : null;
    if (written === null) return [];
    return faultOfReply(evidence, row, written, review ? review.created_ms : row.finished_ms!);
  });
}

function faultOfReply(
  { calls, losses }: Evidence,
  { turn_id: id, text }: TurnRow,
  reply: string,
  committedAt: number,
): string[] {
  const number = callOf(reply);
  const all = calls.get(text) ?? [];
  const own = all.find((call) => call.number === number);
  if (!own || !reply.startsWith(`echo: ${text} (call`)) return [`${id}: the reply to ${text} is ${reply}`];
  const later = all.find(
    (call) => call.number > own.number && call.at < committedAt - ROUNDING_MS && !isOfOldClaim(call, losses),
  );
  return later ? [`${id}: the reply of call ${own.number} was committed after call ${later.number} had begun`] : [];
}

export const EFFECT_CHECKS: readonly Check[] = [
  { name: 'I2 one reply and one review', run: once },
  { name: 'I2 one decision', run: decidedOnce },
  { name: 'I2 webhook events', run: webhooks },
  { name: 'I4 only the latest claim commits', run: latestClaim },
];
