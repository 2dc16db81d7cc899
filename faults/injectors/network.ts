// Faults of the network between one process, or all of them, and a service.
import type { Flow } from '../system/pipe.ts';
import type { Link } from '../system/proxy.ts';
import { LEASE_S, type Role } from '../system/system.ts';
import { BOTH, DAPR, pickTarget, type Injected, type Kind, type Strike } from './kind.ts';

const HELD: Flow = { kind: 'held' };
const NETWORK = { group: 'network' } as const;

/** Longer than a lease: the claims of a worker without its database are taken over. */
const LONG_S = LEASE_S + 7;

interface Between {
  /** Missing: all processes. */
  readonly role?: Role;
  readonly to: string;
}

function linksOf(strike: Strike, { role, to }: Between): { links: Link[]; from: string } {
  const { base } = strike.system;
  if (!role) return { links: base.linksOf({ to }), from: 'all' };
  const { linkName } = pickTarget(strike, role);
  return { links: base.linksOf({ from: linkName, to }), from: linkName };
}

function shape(strike: Strike, between: Between, flows: { up?: Flow; down?: Flow }): Injected {
  const { links, from } = linksOf(strike, between);
  for (const link of links) link.shape(flows);
  // While all processes are without the database, no claim lapses for another one.
  const isOneWithoutStore = between.to === 'postgres' && from !== 'all';
  const why = isOneWithoutStore ? 'cut off' : between.to === 'model' ? 'slow model' : null;
  const loss = why && strike.lost(from, why);
  const heal = () => {
    for (const link of links) link.heal();
    if (loss) loss.until = Date.now();
  };
  return { detail: `${from} to ${between.to}`, heal };
}

function cut(strike: Strike, between: Between): Injected {
  const { links, from } = linksOf(strike, between);
  for (const link of links) link.cut();
  return { detail: `${from} to ${between.to}`, heal: () => links.forEach((link) => link.heal()) };
}

function dropAnswers(strike: Strike, role: Role, count: number): Injected {
  const links = strike.system.base
    .linksOf({ to: 'postgres' })
    .filter(({ from }) => strike.system.targets(role).some(({ linkName }) => linkName === from));
  for (const link of links) link.dropAnswers(count);
  return { detail: links.map(({ from }) => from).join(', '), heal: () => links.forEach((link) => link.heal()) };
}

export const NETWORK_KINDS: readonly Kind[] = [
  {
    ...NETWORK,
    name: 'answers-to-ingress-dropped',
    rows: [2, 3, 33],
    runtimes: BOTH,
    seconds: 4,
    inject: (strike) => dropAnswers(strike, 'http', 20),
  },
  {
    ...NETWORK,
    name: 'answers-to-worker-dropped',
    rows: [18, 26],
    runtimes: DAPR,
    seconds: 4,
    inject: (strike) => dropAnswers(strike, 'worker', 20),
  },
  {
    ...NETWORK,
    name: 'ingress-without-postgres',
    rows: [42],
    runtimes: DAPR,
    seconds: 8,
    inject: (strike) => shape(strike, { role: 'http', to: 'postgres' }, { up: HELD, down: HELD }),
  },
  {
    ...NETWORK,
    name: 'worker-without-postgres',
    rows: [42],
    runtimes: DAPR,
    seconds: LONG_S,
    inject: (strike) => shape(strike, { role: 'worker', to: 'postgres' }, { up: HELD, down: HELD }),
  },
  {
    ...NETWORK,
    name: 'worker-hears-no-postgres',
    rows: [26, 42],
    runtimes: DAPR,
    seconds: LONG_S,
    inject: (strike) => shape(strike, { role: 'worker', to: 'postgres' }, { down: HELD }),
  },
  {
    ...NETWORK,
    name: 'all-without-postgres',
    rows: [5, 42],
    runtimes: BOTH,
    seconds: 20,
    inject: (strike) => shape(strike, { to: 'postgres' }, { up: HELD, down: HELD }),
  },
  {
    ...NETWORK,
    name: 'postgres-connections-reset',
    rows: [5, 42],
    runtimes: BOTH,
    seconds: 4,
    inject: (strike) => cut(strike, { to: 'postgres' }),
  },
  {
    ...NETWORK,
    name: 'worker-without-redis',
    rows: [42],
    runtimes: BOTH,
    seconds: 8,
    inject: (strike) => shape(strike, { role: 'worker', to: 'redis' }, { up: HELD, down: HELD }),
  },
  {
    ...NETWORK,
    name: 'redis-connections-reset',
    rows: [7, 42],
    runtimes: BOTH,
    seconds: 4,
    inject: (strike) => cut(strike, { to: 'redis' }),
  },
  {
    ...NETWORK,
    name: 'worker-without-daprd',
    rows: [42],
    runtimes: DAPR,
    seconds: 8,
    inject: (strike) => shape(strike, { role: 'worker', to: 'daprd' }, { up: HELD, down: HELD }),
  },
  {
    ...NETWORK,
    name: 'half-open-connections',
    rows: [42],
    runtimes: BOTH,
    seconds: 5,
    inject(strike) {
      const { links } = linksOf(strike, { to: 'postgres' });
      const count = links.reduce((sum, link) => sum + link.halfOpen(3), 0);
      return { detail: `${count} connections`, heal: () => {} };
    },
  },
  {
    ...NETWORK,
    name: 'all-half-open',
    rows: [42],
    runtimes: BOTH,
    seconds: 5,
    inject(strike) {
      const { links } = linksOf(strike, { to: 'postgres' });
      const count = links.reduce((sum, link) => sum + link.halfOpen(Infinity), 0);
      return { detail: `${count} connections`, heal: () => {} };
    },
  },
  {
    ...NETWORK,
    name: 'postgres-slow',
    rows: [29],
    runtimes: BOTH,
    seconds: 6,
    inject: (strike) => shape(strike, { to: 'postgres' }, { down: { kind: 'delayed', ms: 100 } }),
  },
  {
    ...NETWORK,
    name: 'model-trickles',
    rows: [22],
    runtimes: BOTH,
    seconds: 5,
    inject: (strike) => shape(strike, { to: 'model' }, { down: { kind: 'trickle', bytesPerSecond: 4_000 } }),
  },
];
