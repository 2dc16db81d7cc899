// Faults of processes: killed, frozen, replaced.
import { LEASE_S, type Role } from '../system/system.ts';
import { BOTH, DAPR, EMBEDDED, pick, pickTarget, type Injected, type Kind, type Strike } from './kind.ts';

function killOne(strike: Strike, role: Role): Injected {
  const target = pickTarget(strike, role);
  strike.lost(target.name, 'killed');
  target.kill();
  return { target: target.name, detail: target.name, heal: () => target.restart() };
}

/** The claims of a frozen process lapse, and it wakes up while other workers answer its turns. */
function freezeOne(strike: Strike, role: Role): Injected {
  const target = pickTarget(strike, role);
  const loss = strike.lost(target.name, 'frozen');
  target.signal('SIGSTOP');
  const heal = () => {
    target.signal('SIGCONT');
    loss.until = Date.now();
  };
  return { target: target.name, detail: target.name, heal };
}

async function restartInTurn(strike: Strike): Promise<Injected> {
  const { system } = strike;
  const roles = system.runtime === 'dapr' ? (['worker', 'http', 'actors'] as const) : [];
  const names = roles.flatMap((role) => system.targets(role).map(({ name }) => name));
  const processes = system.processes.filter(({ name }) => names.length === 0 || names.includes(name));
  const slowest = { ms: 0 };
  for (const process of processes) {
    // Running turns that do not end in time are released: another worker calls the model again.
    const loss = strike.lost(process.name, 'killed');
    slowest.ms = Math.max(slowest.ms, await process.stop());
    loss.until = Date.now();
    process.start();
    while (!process.isReady) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { detail: `slowest stop ${(slowest.ms / 1000).toFixed(1)} s`, heal: () => {} };
}

export const PROCESS_KINDS: readonly Kind[] = [
  {
    name: 'worker-killed',
    rows: [6, 11, 21, 25, 27, 28, 35, 38],
    runtimes: BOTH,
    group: 'process',
    seconds: 8,
    strikes: 'calls',
    bound: { takeover: 8 },
    inject: (strike) => killOne(strike, 'worker'),
  },
  {
    name: 'worker-frozen',
    rows: [12, 13, 23],
    runtimes: BOTH,
    group: 'process',
    seconds: LEASE_S + 3,
    strikes: 'calls',
    inject: (strike) => freezeOne(strike, 'worker'),
  },
  {
    name: 'http-killed',
    rows: [1, 2],
    runtimes: DAPR,
    group: 'process',
    seconds: 3,
    inject: (strike) => killOne(strike, 'http'),
  },
  {
    name: 'http-frozen',
    rows: [1, 42],
    runtimes: DAPR,
    group: 'process',
    seconds: 6,
    inject: (strike) => freezeOne(strike, 'http'),
  },
  {
    name: 'instance-killed',
    rows: [1, 31],
    runtimes: EMBEDDED,
    group: 'process',
    seconds: 2,
    inject(strike) {
      for (const { name } of strike.system.targets('worker')) strike.lost(name, 'killed');
      return killOne(strike, 'actors');
    },
  },
  {
    name: 'all-killed',
    rows: [31],
    runtimes: DAPR,
    group: 'process',
    seconds: 2,
    inject(strike) {
      const { processes } = strike.system;
      for (const process of processes) {
        strike.lost(process.name, 'killed');
        process.kill();
      }
      return { heal: () => processes.forEach((process) => process.start()) };
    },
  },
  {
    name: 'actor-host-killed',
    rows: [15, 16],
    runtimes: DAPR,
    group: 'process',
    seconds: 5,
    bound: { worst: 5 },
    inject: (strike) => killOne(strike, 'actors'),
  },
  {
    name: 'actor-host-frozen',
    rows: [15],
    runtimes: DAPR,
    group: 'process',
    seconds: LEASE_S + 3,
    inject: (strike) => freezeOne(strike, 'actors'),
  },
  {
    name: 'daprd-killed',
    rows: [17, 27],
    runtimes: DAPR,
    group: 'process',
    seconds: 5,
    bound: { worst: 5 },
    inject({ system, draw }) {
      const daprd = pick(system.daprds, draw);
      daprd.signal('SIGKILL');
      return { detail: daprd.name, heal: () => daprd.restart() };
    },
  },
  {
    name: 'daprd-frozen',
    rows: [17],
    runtimes: DAPR,
    group: 'process',
    seconds: 8,
    inject({ system, draw }) {
      const daprd = pick(system.daprds, draw);
      daprd.signal('SIGSTOP');
      return { detail: daprd.name, heal: () => daprd.signal('SIGCONT') };
    },
  },
  {
    name: 'placement-killed',
    rows: [17],
    runtimes: DAPR,
    group: 'process',
    seconds: 5,
    inject({ system }) {
      system.placement!.signal('SIGKILL');
      return { heal: () => system.placement!.restart() };
    },
  },
  {
    name: 'rolling-restart',
    rows: [43],
    runtimes: BOTH,
    group: 'process',
    seconds: 1,
    inject: restartInTurn,
  },
];
