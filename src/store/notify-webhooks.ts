// How a commit tells the webhooks: part of its own statement, so that nothing that was committed can go untold.

const columns = `gen_random_uuid(), w.webhook_id, done.user_id, done.turn_id, 'turn.' || done.status`;
const wanted = `w.enabled and 'turn.' || done.status = any(w.events)`;

/** A delivery for every hook that wants to hear of what stands in the CTE `done` (turn_id, user_id, status). Where there
 *  is no hook this is two looks at an index. Two parts, so that each has one. */
export const NOTIFY = `notified as (
          insert into webhook_deliveries (delivery_id, webhook_id, user_id, turn_id, event)
          select ${columns} from done join webhooks w on w.user_id = done.user_id where ${wanted}
          union all select ${columns} from done join webhooks w on w.user_id is null where ${wanted})`;
