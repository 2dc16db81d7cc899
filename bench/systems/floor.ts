// The floor: what this machine can do for such a turn at all. HTTP → Redis stream (flushed at each command) → one
// consumer → model → two rows in one PostgreSQL transaction → publish. It recovers from no crash, and keeps the order
// only within its process: it is a yardstick, not a product.
import type { ChildProcess } from 'node:child_process';
import { profileEnvironment } from '../profile/control.ts';
import { assertDurable } from './durability.ts';
import { end, startScript } from './processes.ts';
import { startServices } from './services.ts';
import { untilNothing } from './settle.ts';
import type { System, SystemOptions } from './system.ts';

const SCHEMA = {
  name: 'floor-schema',
  sql: `create table conversation (
    id bigserial primary key, user_id text not null, turn_id text not null, seq int not null,
    role text not null, content text not null, unique (turn_id, role))`,
};
const INDEX = { name: 'floor-index', sql: 'create index conversation_user on conversation (user_id, id desc)' };

/** Starts the floor. It serves the part of turnkeeper's API that the clients use. */
export async function startFloor({ modelUrl, profile = false }: SystemOptions): Promise<System> {
  const services = await startServices({
    name: 'floor',
    statements: profile,
    redisSettings: ['appendfsync always'],
  });
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children.toReversed()) await end(child);
    await services.stop();
  };
  try {
    for (const statement of [SCHEMA, INDEX]) await services.database.rows(statement, []);
    const env = {
      ...(profile && profileEnvironment(services.folder)),
      BENCH_DATABASE_URL: services.databaseUrl,
      BENCH_REDIS_URL: services.redisUrl,
    };
    const consumer = await startScript('systems/floor-consumer.ts', { ...env, BENCH_MODEL_URL: modelUrl });
    children.push(consumer.child);
    const app = await startScript('systems/floor-app.ts', env);
    children.push(app.child);
    return {
      name: 'floor',
      url: app.ready,
      services,
      pids: [...services.pids, ...children.map(({ pid }) => pid!)],
      settled: () => untilNothing(async () => ((await services.redis.xlen('turns')) > 0 ? 'turns' : null)),
      assertDurable: () => assertDurable(services.database),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
