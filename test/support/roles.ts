// Starts the three roles as separate processes, each with its own daprd, as in a deployment.
import type { ProcessRole } from '../../src/config/config.ts';
import { startPlacement, startSidecar, type Sidecar } from '../../local/dapr.ts';
import { daprBinaries } from './app.ts';
import { temporaryFolder } from './folder.ts';
import { SCRIPTED_MODEL, type ScriptedModel } from './model.ts';
import type { Owner } from './owner.ts';
import { startProcess, type AppProcess } from './process.ts';
import { freshDatabase, redisUrl } from './services.ts';

/** The settings of a process that uses this sidecar. */
export const settingsOf = ({ httpPort, apiToken, appPort, appToken }: Sidecar): Readonly<Record<string, string>> => ({
  DAPR_HTTP_PORT: String(httpPort),
  DAPR_API_TOKEN: apiToken,
  APP_PORT: String(appPort),
  APP_API_TOKEN: appToken,
});

/** Starts the roles on a fresh database and Redis. They are stopped when the test ends. */
export async function startRoles(
  t: Owner,
  model: ScriptedModel,
  settings: Readonly<Record<string, string>> = {},
): Promise<Readonly<Record<ProcessRole, AppProcess>>> {
  const dataDir = temporaryFolder(t);
  const { url: databaseUrl } = await freshDatabase(t);
  const redis = await redisUrl(t);
  const placement = await startPlacement(daprBinaries!, dataDir);
  t.teardown(() => placement.stop());
  const start = async (role: ProcessRole, migrate: boolean) => {
    const sidecar = await startSidecar(
      { binaries: daprBinaries!, dataDir, databaseUrl, redisUrl: redis, role },
      placement.port,
    );
    t.teardown(() => sidecar.stop());
    return startProcess(t, {
      args: ['src/main.ts', '--roles', role, ...(migrate ? ['--migrate'] : [])],
      env: {
        // The database's address comes from Dapr's secret store, as in compose.yml.
        DAPR_SECRET_STORE: 'secrets',
        REDIS_URL: redis,
        OPENAI_BASE_URL: model.baseUrl,
        OPENAI_MODEL: SCRIPTED_MODEL,
        MEMORY_DEBOUNCE_MS: '50',
        ...settingsOf(sidecar),
        ...settings,
      },
    });
  };
  const actors = await start('actors', true);
  const [worker, http] = await Promise.all([start('worker', false), start('http', false)]);
  return { http, worker, actors };
}
