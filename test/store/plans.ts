import { newId } from '../../src/domain/ids.ts';

const USER = 'user-7';
const ID = newId();

/** The queries of requests and workers, and the index that each must use. */
export const QUERIES: readonly { what: string; sql: string; index: RegExp }[] = [
  {
    what: 'the turns of a user to erase',
    sql: `select turn_id from turns where user_id = '${USER}' for update`,
    index: /turns_user_seq|turns_user_idempotency_key/,
  },
  { what: 'the sessions of a user', sql: `delete from sessions where user_id = '${USER}'`, index: /sessions_user/ },
  {
    what: 'the audit of the reviews of a user',
    sql: `delete from review_events where review_id in (select review_id from reviews where user_id = '${USER}')`,
    index: /reviews_user/,
  },
  {
    what: 'the pictures of a turn',
    sql: `select url from turn_pictures where user_id = '${USER}' and turn_id = '${ID}' order by user_id, turn_id, ordinal`,
    index: /turn_pictures_pkey/,
  },
  {
    what: "the pictures of a user's next turn",
    sql: `select url from turn_pictures where user_id = '${USER}' and turn_id = (select p.turn_id from turn_pictures p where p.user_id = '${USER}' and p.turn_id > '${ID}' order by p.user_id, p.turn_id limit 1) order by user_id, turn_id, ordinal`,
    index: /turn_pictures_pkey[^]*turn_pictures_pkey/,
  },
  {
    what: 'the pictures of a user to erase',
    sql: `delete from turn_pictures where (user_id, turn_id, ordinal) in (select user_id, turn_id, ordinal from turn_pictures where user_id = '${USER}' limit 1000)`,
    index: /turn_pictures_pkey/,
  },
  {
    what: 'whether a user is being erased',
    sql: `select exists (select 1 from erasures where user_id = '${USER}')`,
    index: /erasures_user/,
  },
  {
    what: 'due erasures',
    sql: 'select erasure_id from erasures where finished_at is null and due_at <= now() order by due_at limit 20',
    index: /erasures_due/,
  },
  { what: 'a turn by id', sql: `select * from turns where turn_id = '${ID}'`, index: /turns_pkey/ },
  {
    what: "a user's turns, newest first",
    sql: `select * from turns where user_id = '${USER}' and seq < 50 order by seq desc limit 51`,
    index: /turns_user_seq/,
  },
  {
    what: "a user's turns of a rare status, newest first",
    sql: `select * from turns where user_id = '${USER}' and status = 'failed' and seq < 50 order by seq desc limit 51`,
    index: /turns_user_status/,
  },
  {
    what: "a user's queued turns, newest first",
    sql: `select * from turns where user_id = '${USER}' and status = 'queued' order by seq desc limit 51`,
    index: /turns_unfinished/,
  },
  {
    what: 'the turns of a session, newest first',
    sql: `select * from ((select * from turns where user_id = '${USER}' and session_id = '${ID}' and status in ('queued', 'running') order by seq desc limit 51) union all (select * from turns where user_id = '${USER}' and session_id = '${ID}' and status not in ('queued', 'running') order by seq desc limit 51)) parts order by seq desc limit 51`,
    index: /turns_unfinished[^]*turns_session|turns_session[^]*turns_unfinished/,
  },
  {
    what: 'the turns of a session with a status',
    sql: `select * from turns where user_id = '${USER}' and session_id = '${ID}' and status = 'failed' order by seq desc limit 51`,
    index: /turns_(session|user_status)/,
  },
  {
    what: 'turns that were not counted for a while',
    sql: "select turn_id from uncounted_turns where created_at < now() - interval '10 seconds' order by created_at limit 500",
    index: /uncounted_turns_created_at/,
  },
  {
    what: 'summaries that are due',
    sql: "select user_id from due_summaries where due_at <= now() and quiet_since <= now() - interval '1 second' order by due_at limit 500 for update skip locked",
    index: /due_summaries_due_at/,
  },
  {
    what: "a user's last delivered messages",
    sql: `select * from conversation_rows c where c.user_id = '${USER}' order by c.user_id desc, c.created_at desc, c.seq desc, c.ordinal desc limit 10`,
    index: /conversation_rows_user_time/,
  },
  {
    what: 'a turn by idempotency key',
    sql: `select turn_id from turns where user_id = '${USER}' and idempotency_key = 'key-9'`,
    index: /turns_user_idempotency_key/,
  },
  {
    what: "a user's queued turns",
    sql: `select count(*) from turns where user_id = '${USER}' and status = 'queued'`,
    index: /turns_unfinished/,
  },
  {
    what: 'the charges of a turn',
    sql: `select reserved from budget_charges where user_id = '${USER}' and charge_id = '${ID}' and reserved > 0 order by owner, window_s, starts_s for update`,
    index: /budget_charges_(pkey|open)/,
  },
  {
    what: 'the charges of a user',
    sql: `select * from budget_charges where user_id = '${USER}' and (charge_id, owner, window_s, starts_s) > ('${ID}', '', 60, 60) order by user_id, charge_id, owner, window_s, starts_s limit 200`,
    index: /budget_charges_pkey/,
  },
  {
    what: 'reservations that were left',
    sql: "select charge_id from budget_charges c where c.reserved > 0 and c.reserved_at < now() - interval '2 seconds' order by c.user_id, c.charge_id, c.owner, c.window_s, c.starts_s limit 500 for update skip locked",
    index: /budget_charges_open/,
  },
  {
    what: 'whether something is reserved',
    sql: 'select exists (select 1 from budget_charges where reserved > 0)',
    index: /budget_charges_open/,
  },
  {
    what: 'the current window of a budget',
    sql: `select used from budget_windows where owner = '${USER}' and window_s = 86400 and starts_s = 86400`,
    index: /budget_windows_pkey/,
  },
  {
    what: 'the turn to claim',
    sql: `select turn_id from turns where user_id = '${USER}' and status in ('queued', 'running') order by seq limit 1`,
    index: /turns_unfinished/,
  },
  {
    what: 'the first queued turn',
    sql: `select turn_id from turns where user_id = '${USER}' and status = 'queued' order by seq limit 1`,
    index: /turns_unfinished/,
  },
  {
    what: 'whether a user is busy',
    sql: `select exists (select 1 from turns where user_id = '${USER}' and status in ('queued', 'running'))`,
    index: /turns_(unfinished|one_running)/,
  },
  {
    what: 'the running turn to cancel',
    sql: `update turns set status = 'cancelled' where user_id = '${USER}' and status = 'running'`,
    index: /turns_(unfinished|one_running)/,
  },
  {
    what: 'the turn to cancel',
    sql: `update turns set status = 'cancelled' where turn_id = '${ID}' and status in ('queued', 'running', 'awaiting_review')`,
    index: /turns_pkey/,
  },
  {
    what: 'the newest queued turn of a session',
    sql: `select * from turns where user_id = '${USER}' and session_id = '${ID}' and status = 'queued' order by seq desc limit 1 for update`,
    index: /turns_unfinished/,
  },
  {
    what: 'the turn that a key joined',
    sql: `select turn_id from joined_keys where user_id = '${USER}' and idempotency_key = 'key-9'`,
    index: /joined_keys_pkey/,
  },
  {
    what: 'a session in order',
    sql: `select * from conversation_rows where session_id = '${ID}' and seq between 2 and 90 and (seq, ordinal) > (3, 1) order by session_id, seq, ordinal limit 1001`,
    index: /conversation_rows_session/,
  },
  {
    what: 'the last exchanges of a session',
    sql: `select * from conversation_rows where session_id = '${ID}' and seq between 2 and 90 order by session_id desc, seq desc, ordinal desc limit 10`,
    index: /conversation_rows_session/,
  },
  {
    what: 'the branch of a turn',
    sql: `select seq, branch_path from turns where session_id = '${ID}' and branch_path is not null and seq <= 90 order by session_id desc, seq desc limit 1`,
    index: /turns_branches/,
  },
  {
    what: 'the last turn of a session that awaits review',
    sql: `select seq from turns where user_id = '${USER}' and session_id = '${ID}' and status = 'awaiting_review' order by user_id desc, status desc, seq desc limit 1`,
    index: /turns_user_status|turns_session/,
  },
  {
    what: "a user's conversation",
    sql: `select * from conversation_rows where user_id = '${USER}' and (seq, ordinal) > (3, 1) order by seq, ordinal limit 51`,
    index: /conversation_rows_pkey/,
  },
  {
    what: "a user's conversation by tag",
    sql: `select * from conversation_rows where user_id = '${USER}' and seq in (select seq from conversation_tags where user_id = '${USER}' and tag = 'rare') order by seq, ordinal limit 51`,
    index: /conversation_tags_pkey/,
  },
  {
    what: "a user's conversation by time",
    sql: `select * from conversation_rows where user_id = '${USER}' and created_at >= now() - interval '1 second' order by seq, ordinal limit 51`,
    index: /conversation_rows_(user_time|pkey)/,
  },
  {
    what: 'the owner of a session',
    sql: `select user_id from sessions where session_id = '${ID}'`,
    index: /sessions_pkey/,
  },
  {
    what: 'events that are not in BullMQ yet',
    sql: "select * from outbox where queued_at is null and created_at < now() - interval '5 seconds' order by created_at limit 500",
    index: /outbox_to_queue/,
  },
  {
    what: 'events that wait for the pub/sub bridge',
    sql: 'select * from outbox where queued_at is not null order by queued_at limit 500',
    index: /outbox_to_edge/,
  },
  { what: 'a review by id', sql: `select * from reviews where review_id = '${ID}'`, index: /reviews_pkey/ },
  { what: 'the review of a turn', sql: `select * from reviews where turn_id = '${ID}'`, index: /reviews_turn/ },
  {
    what: 'pending reviews, oldest deadline first',
    sql: `select * from reviews r join turns t on t.turn_id = r.turn_id where r.status = 'pending' and (r.deadline, r.review_id) > (now()::timestamptz, '${ID}'::uuid) order by r.deadline, r.review_id limit 51`,
    index: /reviews_status_deadline/,
  },
  {
    what: 'all reviews, oldest deadline first',
    sql: `select * from reviews r join turns t on t.turn_id = r.turn_id where (r.deadline, r.review_id) > (now()::timestamptz, '${ID}'::uuid) order by r.deadline, r.review_id limit 51`,
    index: /reviews_deadline/,
  },
  ...[
    ['user', `r.user_id = '${USER}'`, /reviews_user/],
    ['user, pending', `r.user_id = '${USER}' and r.status = 'pending'`, /reviews_user/],
    ['rare rule', `r.reasons @> '[{"rule": "rare"}]'::jsonb`, /reviews_reasons/],
    ['frequent rule, pending', `r.status = 'pending' and r.reasons @> '[{"rule": "usual"}]'::jsonb`, /reviews_/],
    ['lease holder', "r.claimed_by = 'kim-3' and r.claimed_until > now()", /reviews_claimed_by/],
    ['reviewer', "r.decided_by = 'lee-3'", /reviews_decided_by/],
    ['reviewer and time', "r.decided_by = 'lee-3' and r.decided_at >= now() - interval '1 hour'", /reviews_decided_/],
    ['decision time', "r.decided_at >= now() - interval '1 minute'", /reviews_decided_at/],
  ].map(([what, where, index]) => ({
    what: `reviews by ${what as string}`,
    sql: `select * from reviews r join turns t on t.turn_id = r.turn_id where ${where as string} order by r.deadline, r.review_id limit 51`,
    index: index as RegExp,
  })),
  {
    what: 'final turns by hour',
    sql: "select floor(extract(epoch from finished_at) / 3600)::int8 as hour, status, count(*) from turns where finished_at >= now() - interval '48 hours' group by 1, 2",
    index: /turns_finished/,
  },
  {
    what: 'failures by code',
    sql: "select error_code, count(*) from turns where finished_at > now() - interval '24 hours' and status = 'failed' and error_code is not null group by error_code",
    index: /turns_finished/,
  },
  {
    what: 'turns of an hour by assistant',
    sql: "select coalesce(assistant, 'turnkeeper') as assistant, model, count(*), coalesce(sum(input_tokens), 0)::int8 from turns where finished_at >= now() - interval '2 hours' and finished_at < now() - interval '1 hour' group by 1, 2 order by count(*) desc limit 500",
    index: /turns_finished/,
  },
  {
    what: 'takeovers',
    sql: "select sum(takeovers) from turns where epoch > 1 and (finished_at is null or finished_at > now() - interval '24 hours')",
    index: /turns_claimed_again/,
  },
  {
    what: 'turns of the last hour',
    sql: "select sum(attempts) from turns where finished_at > now() - interval '1 hour'",
    index: /turns_finished/,
  },
  {
    what: 'queued and running turns',
    sql: "select count(*) filter (where status = 'queued'), min(created_at) from turns where status in ('queued', 'running')",
    index: /turns_(unfinished|one_running)/,
  },
  {
    what: 'review events after a position',
    sql: 'select e.position, r.* from review_events e join reviews r on r.review_id = e.review_id join turns t on t.turn_id = r.turn_id where e.position > 49000 order by e.position limit 50',
    index: /review_events_position/,
  },
  {
    what: 'review events without a position',
    sql: 'select 1 from review_events where position is null order by at, event_id limit 1',
    index: /review_events_unnumbered/,
  },
  {
    what: 'the start position of a new reader of review events',
    sql: "select min(position) - 1 from (select position, at from review_events where position is not null order by position desc limit 1000) lately where at > now() - interval '60 seconds'",
    index: /review_events_position/,
  },
  {
    what: 'overdue reviews',
    sql: "select review_id from reviews where status = 'pending' and deadline <= now() and coalesce((select k.created_at from kept_decisions k where k.turn_id = reviews.turn_id), deadline) >= deadline order by deadline, review_id limit 200",
    index: /reviews_status_deadline/,
  },
  {
    what: 'the new draft that has waited longest for a worker',
    sql: "select reviews.review_id from reviews join turns on turns.turn_id = reviews.turn_id where reviews.revise_until <= now() and reviews.deadline > now() and reviews.status = 'pending' and case turns.status when 'awaiting_review' then true else false end order by reviews.revise_until limit 1 for update of turns, reviews skip locked",
    index: /reviews_drafting/,
  },
  {
    what: 'whether a new draft is wanted',
    sql: 'select exists (select 1 from reviews where revise_until <= now())',
    index: /reviews_drafting/,
  },
  {
    what: 'the review of the turn that gets a new draft',
    sql: `select review_id from reviews where turn_id = '${ID}' and revise_epoch = 1 and revise_note is not null and status = 'pending' for update`,
    index: /reviews_turn_all/,
  },
  {
    what: "a user's pending reviews",
    sql: `select count(*) from reviews where user_id = '${USER}' and status = 'pending'`,
    index: /reviews_user_pending/,
  },
  {
    what: 'the audit trail of a review',
    sql: `select * from review_events where review_id = '${ID}' order by at, event_id`,
    index: /review_events_review/,
  },
  {
    what: 'whether the user sent another message in the session',
    sql: `select 1 from turns where user_id = '${USER}' and seq > 90 and session_id = '${ID}' limit 1`,
    index: /turns_user_seq/,
  },
  {
    what: 'the decision kept for a turn',
    sql: `select k.turn_id from kept_decisions k join reviews r on r.turn_id = k.turn_id where r.status = 'pending' and k.created_at < r.deadline and k.turn_id = '${ID}'`,
    index: /kept_decisions_pkey/,
  },
  {
    what: 'due deliveries',
    sql: `select delivery_id, webhook_id, next_attempt_at from webhook_deliveries where status = 'pending' and next_attempt_at <= now() and webhook_id <> all(array['${ID}']::uuid[]) order by next_attempt_at limit 64`,
    index: /webhook_deliveries_due/,
  },
  {
    what: 'the number of due deliveries, for the metrics',
    sql: "select count(*) from (select 1 from webhook_deliveries where status = 'pending' and next_attempt_at <= now() limit 10000) due",
    index: /webhook_deliveries_due/,
  },
  {
    what: 'whether any delivery is due',
    sql: "select exists (select 1 from webhook_deliveries where status = 'pending' and next_attempt_at <= now())",
    index: /webhook_deliveries_due/,
  },
  {
    what: 'the number of dead deliveries, for the metrics',
    sql: "select count(*) from (select 1 from webhook_deliveries where status = 'dead' and ended_at is not null limit 10000) dead",
    index: /webhook_deliveries_ended/,
  },
  {
    what: 'queued and running turns, for the metrics',
    sql: "select count(*) filter (where status = 'queued'), count(*) filter (where status = 'running'), min(created_at) filter (where status = 'queued') from turns where status in ('queued', 'running')",
    index: /turns_unfinished/,
  },
  {
    what: 'the outbox by age, for the metrics',
    sql: 'select count(*), min(created_at) from (select created_at from outbox where queued_at is null order by created_at limit 10000) counted',
    index: /outbox_to_queue/,
  },
  {
    what: 'events that wait for the pub/sub bridge, for the metrics',
    sql: 'select count(*), min(created_at) from (select created_at from outbox where queued_at is not null order by queued_at limit 10000) counted',
    index: /outbox_to_edge/,
  },
  {
    what: 'pending reviews by deadline, for the metrics',
    sql: "select count(*) filter (where deadline <= now()), min(deadline) from (select deadline from reviews where status = 'pending' order by deadline, review_id limit 10000) counted",
    index: /reviews_(status_deadline|user_pending)/,
  },
  {
    what: 'running erasures, for the metrics',
    sql: 'select count(*), min(requested_at) from (select requested_at from erasures where finished_at is null order by due_at limit 10000) counted',
    index: /erasures_due/,
  },
  {
    what: 'deliveries of a webhook, newest first',
    sql: `select * from webhook_deliveries where webhook_id = '${ID}' and (created_at, delivery_id) < (now()::timestamptz, '${ID}'::uuid) order by created_at desc, delivery_id desc limit 51`,
    index: /webhook_deliveries_hook/,
  },
  {
    what: 'dead deliveries of a webhook, newest first',
    sql: `select * from webhook_deliveries where webhook_id = '${ID}' and status = 'dead' order by created_at desc, delivery_id desc limit 51`,
    index: /webhook_deliveries_hook_status/,
  },
  {
    what: 'deliveries that may be removed',
    sql: "select delivery_id from webhook_deliveries where status = 'delivered' and ended_at < now() - 7 * interval '1 day' order by ended_at limit 1000",
    index: /webhook_deliveries_ended/,
  },
  {
    what: "a user's deliveries",
    sql: `delete from webhook_deliveries where user_id = '${USER}'`,
    index: /webhook_deliveries_user/,
  },
  {
    what: 'the webhooks of a user that want the event of a turn',
    sql: `select w.webhook_id from turns t join webhooks w on w.user_id = t.user_id where t.turn_id = '${ID}' and w.enabled and 'turn.' || t.status = any(w.events)`,
    index: /webhooks_user/,
  },
  {
    what: 'the webhooks for all users that want the event of a turn',
    sql: `select w.webhook_id from turns t join webhooks w on w.user_id is null where t.turn_id = '${ID}' and w.enabled and 'turn.' || t.status = any(w.events)`,
    index: /webhooks_user/,
  },
  {
    what: 'analytics of a user',
    sql: `select status, sum(turns) from analytics_days where user_id = '${USER}' group by status`,
    index: /analytics_days_pkey/,
  },
  {
    what: 'analytics by day',
    sql: "select day, sum(turns) from analytics_days where day >= '2026-01-05' and day <= '2026-01-06' group by day",
    index: /analytics_days_day/,
  },
];
