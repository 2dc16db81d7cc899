// Two workers in two processes: the children of one instance. A test kills them by their pids.
import { readFileSync } from 'node:fs';
import { SCRIPTED_MODEL, type ScriptedModel } from './model.ts';
import type { Owner } from './owner.ts';
import { startProcess, treeOf } from './process.ts';
import { redisUrl } from './services.ts';

export interface TwoWorkers {
  readonly url: string;
  readonly children: readonly number[];
}

/** Starts the instance. Its parent starts a killed child again. @throws if it has not two children */
export async function startTwoWorkers(
  t: Owner,
  model: ScriptedModel,
  databaseUrl: string,
  settings: Readonly<Record<string, string>>,
): Promise<TwoWorkers> {
  const app = await startProcess(t, {
    args: ['src/main.ts', '--migrate'],
    env: {
      DATABASE_URL: databaseUrl,
      REDIS_URL: await redisUrl(t),
      ACTOR_RUNTIME: 'embedded',
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: SCRIPTED_MODEL,
      PROCESSES: '2',
      ...settings,
    },
  });
  const children = treeOf(app.pid)
    .filter((pid) => pid !== app.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.ts'))
    .toSorted((a, b) => a - b);
  if (children.length !== 2) throw new Error(`${children.length} children`);
  return { url: app.url, children };
}
