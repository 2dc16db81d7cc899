// The processes of each actor runtime.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { findDapr } from '../../local/dapr.ts';
import { freePort } from '../../local/ports.ts';
import { startPlacementDaemon, startSidecarDaemon, type AnyDaemon } from './daemon.ts';
import { pidsByPort } from './owner.ts';
import type { RoleProcess } from './role-process.ts';
import { signalTo } from './server.ts';
import { targetOf, untilReady, type Base, type Role, type System, type Target } from './system.ts';

/** The embedded actors run in one process, so this is one instance (PROCESSES=2): a parent with the actors, and two
 *  children that both accept and answer turns. */
export async function startEmbedded(base: Base): Promise<System> {
  const port = await freePort();
  const env = { PORT: String(port), PROCESSES: '2', ACTOR_RUNTIME: 'embedded' };
  const nameOf = (pid: number) => `child-${pid}`;
  const instance = await base.process('instance', ['--migrate'], env);
  instance.start();
  await untilReady([instance]);
  const child = (pid: number): Target => ({
    name: nameOf(pid),
    linkName: instance.name,
    kill: () => signalTo(pid, 'SIGKILL'),
    restart: () => {},
    signal: (signal) => signalTo(pid, signal),
  });
  const children = () => instance.pids.filter((pid) => pid !== instance.pid).toSorted((a, b) => a - b);
  const nameCalls = () => {
    const [link] = base.linksOf({ from: instance.name, to: 'model' });
    const pids = pidsByPort(children());
    for (const call of base.model.open()) {
      const pid = pids.get(link!.clientPortOf(call.port) ?? 0);
      if (pid !== undefined) call.from = nameOf(pid);
    }
  };
  return {
    runtime: 'embedded',
    urls: [`http://127.0.0.1:${port}`],
    base,
    processes: [instance],
    targets: (role) => (role === 'actors' ? [targetOf(instance)] : children().map(child)),
    nameCalls,
    daprds: [],
    placement: null,
  };
}

/** Two processes of each role, two daprds and placement. Each daprd serves an actor host, an ingress and a worker. */
export async function startDapr(base: Base): Promise<System> {
  const binaries = findDapr(process.env['PATH'] ?? '');
  if (!binaries) throw new Error('there is no daprd: run `npm run dapr:build`');
  const placement = await startPlacementDaemon(binaries, base.folder);
  base.stops.push(() => placement.stop());
  const [daprds, processes, urls]: [AnyDaemon[], RoleProcess[], string[]] = [[], [], []];
  for (const number of [1, 2]) {
    const name = `daprd-${number}`;
    const dataDir = join(base.folder, name);
    mkdirSync(dataDir, { recursive: true });
    const placementPort = placement.started.port;
    const daprd = await startSidecarDaemon(name, binaries, { ...(await base.storesOf(name)), dataDir, placementPort });
    base.stops.push(() => daprd.stop());
    daprds.push(daprd);
    const { httpPort, apiToken, appPort, appToken } = daprd.started;
    for (const role of ['actors', 'worker', 'http'] as const) {
      const port = await freePort();
      if (role === 'http') urls.push(`http://127.0.0.1:${port}`);
      const process = await base.process(
        `${role}-${number}`,
        ['--roles', role, ...(role === 'actors' ? ['--migrate'] : [])],
        {
          PORT: String(port),
          ACTOR_RUNTIME: 'dapr',
          DAPR_HTTP_PORT: String(await base.link(`${role}-${number}`, 'daprd', httpPort)),
          DAPR_API_TOKEN: apiToken,
          APP_PORT: String(appPort),
          APP_API_TOKEN: appToken,
        },
      );
      processes.push(process);
      process.start();
      if (role === 'actors') await untilReady([process]);
    }
  }
  await untilReady(processes);
  const ofRole = (role: Role) => processes.filter(({ name }) => name.startsWith(role)).map(targetOf);
  return { runtime: 'dapr', urls, base, processes, targets: ofRole, nameCalls: () => {}, daprds, placement };
}
