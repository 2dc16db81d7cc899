import { connect } from '../../src/store/connect.ts';
import { migrateToLatest } from '../../src/store/migrate.ts';
import { freshDatabase, onPostgres } from '../support/services.ts';
import { QUERIES } from './plans.ts';

onPostgres('every query uses its index', async (t) => {
  const builder = await connect((await freshDatabase(t)).url, { poolSize: 1 });
  t.teardown(() => builder.destroy());
  await migrateToLatest(builder);
  // Enough rows of enough users, so that the planner prefers an index to a scan.
  await builder.raw(`insert into turns (turn_id, user_id, session_id, seq, status, text, metadata, tags, idempotency_key, epoch, finished_at)
    select gen_random_uuid(), 'user-' || n % 500, gen_random_uuid(), n / 500 + 1, case when n % 100 = 0 then 'queued' else 'completed' end, 'text', '{}', '[]', 'key-' || n,
      case when n % 500 = 0 then 2 else 1 end, case when n % 100 > 0 then now() - n * interval '5 minutes' end
    from generate_series(1, 50000) n`);
  await builder.raw(`insert into conversation_rows (user_id, seq, ordinal, session_id, turn_id, role, content, tags, metadata, created_at)
    select user_id, seq, 0, session_id, turn_id, 'user', 'text', '[]', '{}', now() - (random() * 100) * interval '1 day' from turns`);
  await builder.raw(
    "insert into conversation_tags (user_id, tag, seq) select user_id, case when seq % 50 = 0 then 'rare' else 'usual' end, seq from turns",
  );
  await builder.raw(
    "insert into turn_pictures (user_id, turn_id, ordinal, url) select user_id, turn_id, o, 'https://example.com' from turns cross join generate_series(0, 1) o where seq <= 20",
  );
  await builder.raw('insert into sessions (session_id, user_id) select session_id, user_id from turns');
  await builder.raw(
    `insert into outbox (event_id, topic, user_id, data, created_at, queued_at)
     select turn_id, 'messages', user_id, '{}', now() - seq * interval '1 minute', case when seq % 2 = 0 then now() end from turns`,
  );
  await builder.raw(`insert into analytics_days (user_id, day, status, turns, reviewed, input_tokens, output_tokens, first_at, last_at)
    select 'user-' || n % 500, date '2026-01-01' + n / 500, 'completed', 1, 0, 0, 0, now(), now() from generate_series(1, 50000) n`);
  await builder.raw(
    "insert into joined_keys (user_id, idempotency_key, turn_id, request_hash) select user_id, idempotency_key, turn_id, '' from turns",
  );
  await builder.raw(`insert into reviews (review_id, turn_id, user_id, session_id, seq, status, reasons, draft, deadline,
      claimed_by, claimed_until, decided_by, decided_at)
    select turn_id, turn_id, user_id, session_id, seq, case when seq % 10 = 0 then 'pending' else 'approved' end,
           case when seq = 7 and user_id like '%99' then '[{"rule": "rare"}, {"rule": "usual"}]'::jsonb else '[{"rule": "usual"}]' end, 'draft',
           now() + (seq - 5) * interval '1 hour',
           case when seq = 10 then 'kim-' || length(user_id) end, case when seq = 10 then now() + interval '1 hour' end,
           case when seq % 10 > 0 then 'lee-' || seq end, case when seq % 10 > 0 then now() - seq * interval '1 hour' end from turns`);
  await builder.raw(
    `insert into review_events (event_id, review_id, what, position) select turn_id, review_id, 'requested', row_number() over () from reviews`,
  );
  await builder.raw(
    `insert into kept_decisions (turn_id, decision, decided_by) select turn_id, 'approve', 'kim' from turns`,
  );
  await builder.raw(
    "insert into erasures (erasure_id, user_id, owner_hash, turn_ids, finished_at) select turn_id, case when seq = 1 then user_id end, '', '[]', case when seq > 1 then now() end from turns",
  );
  await builder.raw(`insert into webhooks (webhook_id, user_id, url, events, secret)
    select gen_random_uuid(), nullif('user-' || n, 'user-1'), 'https://example.com', array['turn.completed'], 'whsec_' from generate_series(1, 5000) n`);
  await builder.raw(`insert into webhook_deliveries (delivery_id, webhook_id, user_id, turn_id, event, status, next_attempt_at, ended_at, created_at)
    select turn_id, gen_random_uuid(), user_id, turn_id, 'turn.completed', case when seq % 20 = 0 then 'pending' when seq % 20 = 1 then 'dead' else 'delivered' end,
           case when seq % 20 = 0 then now() + (seq - 10) * interval '1 minute' end, case when seq % 20 > 0 then now() - seq * interval '1 hour' end, now() from turns`);
  await builder.raw(
    "insert into uncounted_turns (turn_id, created_at) select turn_id, now() - (seq - 5) * interval '1 minute' from turns",
  );
  await builder.raw(
    "insert into due_summaries (user_id, mark, due_at, quiet_since) select 'user-' || n, gen_random_uuid(), now() + n * interval '1 second', now() from generate_series(1, 5000) n",
  );
  await builder.raw(`insert into budget_charges (user_id, charge_id, owner, window_s, starts_s, kind, call_id, reserved, used, reserved_at)
    select user_id, turn_id, user_id, 86400, seq * 86400, 'turn', turn_id, case when seq = 50 then 9 else 0 end, 9, now() from turns`);
  await builder.raw(`insert into budget_windows (owner, window_s, starts_s, reserved, used)
    select owner, window_s, starts_s, sum(reserved), sum(used) from budget_charges group by 1, 2, 3`);
  await builder.raw('analyze');
  // As the planner would choose: the settings of the pool would hide a missing index.
  for (const setting of ['seqscan', 'hashjoin', 'mergejoin']) await builder.raw(`set enable_${setting} = on`);
  for (const { what, sql, index } of QUERIES) {
    const { rows } = await builder.raw<{ rows: { 'QUERY PLAN': string }[] }>(`explain ${sql}`);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    t.regex(plan, index, `${what}:\n${plan}`);
    t.notRegex(plan, /Seq Scan/, `${what}:\n${plan}`);
  }
});
