// The actor runtime: how this process calls UserSession actors, and with the role `actors` how it hosts them.
import { EmbeddedRuntime, type ProcessLease } from '../actors/embedded-runtime.ts';
import { ForwardedRuntime } from '../actors/forwarded-runtime.ts';
import type { ActorRuntime } from '../actors/runtime.ts';
import { sessionStore } from '../actors/session-store.ts';
import { startActorHost } from '../dapr/actor-host.ts';
import { DaprState } from '../dapr/actor-state.ts';
import { DaprRuntime } from '../dapr/runtime.ts';
import { sqlActorState } from '../store/actor-state.ts';
import type { Database } from '../store/database.ts';
import { takeLease, type Lease } from '../store/leases.ts';
import { pubsubDecisions } from '../workers/pubsub-decisions.ts';
import type { Foundation } from './foundation.ts';

/** daprd announces its actors about 2.5 s after its start. */
const ACTORS_READY_MS = 60_000;
/** The lease of a process that was killed lapses within this time. */
const LEASE_WAIT_MS = 15_000;

function processLease(database: Database): ProcessLease {
  let lease: Lease | null = null;
  return {
    async acquire(lost) {
      lease = await takeLease(database.builder, 'embedded-actors', { waitMs: LEASE_WAIT_MS, lost });
      if (!lease)
        throw new Error(
          'another process runs embedded actors on this database; only one may (use ACTOR_RUNTIME=dapr for more)',
        );
    },
    release: async () => lease?.release(),
  };
}

/** Creates the runtime; the caller must call `start`. `onLost`: another process took over the embedded actors. */
export function createActorRuntime(foundation: Foundation, onLost: () => void): ActorRuntime {
  const { config, addresses, database, queues, log, instance } = foundation;
  const { dapr } = addresses;
  if (!dapr) {
    const parent = instance?.parent;
    if (parent) return new ForwardedRuntime({ ask: (...request) => parent.ask(...request) });
    const store = sessionStore(database, { holdsState: true });
    const lease = processLease(database);
    return new EmbeddedRuntime({ store, state: sqlActorState(database), lease, onLost });
  }
  const store = sessionStore(database, { holdsState: false });
  const { appPort: port, appToken: token } = dapr;
  const subscriptions = { 'review-decisions': pubsubDecisions(queues, log) };
  const options = { port, token, store, state: new DaprState(dapr), subscriptions, log };
  const host = async () => (config.roles.includes('actors') ? startActorHost(options) : null);
  return new DaprRuntime({ sidecar: dapr, readyWithinMs: ACTORS_READY_MS, host });
}
