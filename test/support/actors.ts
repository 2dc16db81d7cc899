// Starts an actor runtime without an ingress and without workers.
import { startActorHost } from '../../src/dapr/actor-host.ts';
import { DaprState } from '../../src/dapr/actor-state.ts';
import { DaprRuntime } from '../../src/dapr/runtime.ts';
import { EmbeddedRuntime } from '../../src/actors/embedded-runtime.ts';
import { ACTOR_CALL, answerCall, ForwardedRuntime } from '../../src/actors/forwarded-runtime.ts';
import type { ActorRuntime } from '../../src/actors/runtime.ts';
import { sessionStore } from '../../src/actors/session-store.ts';
import { startPlacement, startSidecar, type Placement, type Sidecar } from '../../local/dapr.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { sqlActorState } from '../../src/store/actor-state.ts';
import { Requests } from '../../src/processes/requests.ts';
import { connect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { migrateToLatest } from '../../src/store/migrate.ts';
import { daprBinaries, type RuntimeName } from './app.ts';
import { temporaryFolder } from './folder.ts';
import type { Owner } from './owner.ts';
import { channel } from './ports.ts';
import { freshDatabase, redisUrl } from './services.ts';

export interface TestRuntime {
  readonly actors: ActorRuntime;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly sidecar: Sidecar | null;
  readonly placement: Placement | null;
}

/** `forwarded`: the embedded runtime, called through a channel as by another process. */
export type TestRuntimeName = RuntimeName | 'forwarded';

/** Starts a runtime on a migrated database. `join`: use the database and placement of another runtime. */
export async function startRuntime(t: Owner, name: TestRuntimeName, join?: TestRuntime): Promise<TestRuntime> {
  const databaseUrl = join?.databaseUrl ?? (await freshDatabase(t)).url;
  const database = new Database(await connect(databaseUrl, { poolSize: 8 }));
  t.teardown(() => database.close());
  await migrateToLatest(database.builder);
  const store = sessionStore(database, { holdsState: name !== 'dapr' });
  if (name !== 'dapr') {
    const lease = { acquire: async () => {}, release: async () => {} };
    const embedded = new EmbeddedRuntime({
      store,
      state: sqlActorState(database),
      lease,
      onLost: () => {},
    });
    await embedded.start();
    t.teardown(() => embedded.stop());
    const actors = name === 'embedded' ? embedded : await forwardedTo(embedded);
    return { actors, database, databaseUrl, sidecar: null, placement: null };
  }
  const dataDir = temporaryFolder(t);
  const placement = join?.placement ?? (await startPlacement(daprBinaries!, dataDir));
  if (!join) t.teardown(() => placement.stop());
  const sidecar = await startSidecar(
    { binaries: daprBinaries!, dataDir, databaseUrl, redisUrl: await redisUrl(t) },
    placement.port,
  );
  t.teardown(() => sidecar.stop());
  const { appPort: port, appToken: token } = sidecar;
  const host = () =>
    startActorHost({
      port,
      token,
      store,
      state: new DaprState(sidecar),
      subscriptions: {},
      log: createLog('silent'),
    });
  const actors = new DaprRuntime({ sidecar, readyWithinMs: 30_000, host });
  t.teardown(() => actors.stop());
  await actors.start();
  return { actors, database, databaseUrl, sidecar, placement };
}

async function forwardedTo(embedded: EmbeddedRuntime): Promise<ActorRuntime> {
  const { parent, child } = channel();
  new Requests(parent).serve(ACTOR_CALL, (call) => answerCall(embedded, call));
  const requests = new Requests(child);
  const actors = new ForwardedRuntime({ ask: (...request) => requests.ask(...request) });
  await actors.start();
  return actors;
}
