// What the scenarios share: the clients, the options, and systems that are always stopped.
import { startFloor } from '../systems/floor.ts';
import type { Clients, Run } from './measure.ts';
import type { Options } from '../options.ts';
import { end, startScript } from '../systems/processes.ts';
import { figure } from '../row.ts';
import type { System, SystemName } from '../systems/system.ts';
import { startTurnkeeper } from '../systems/turnkeeper.ts';

export interface Context {
  readonly clients: Clients;
  readonly options: Options;
  /** Starts the system with additional settings, and stops it when `work` has ended. */
  withSystem<T>(
    name: SystemName,
    settings: Readonly<Record<string, string>>,
    work: (system: System) => Promise<T>,
  ): Promise<T>;
  /** Prints the main figures of the measurement. */
  noted(run: Promise<Run>): Promise<Run>;
  /** Stops what runs. */
  stop(): Promise<void>;
}

async function noted(measured: Promise<Run>): Promise<Run> {
  const run = await measured;
  const { system, scenario, turns, seconds, cpuMsPerTurn, loadBefore, faults } = run;
  const figures = `${figure(turns / seconds)} turns/s, ${figure(cpuMsPerTurn)} ms CPU per turn, load before ${figure(loadBefore)}`;
  console.error(`${system}, ${scenario}: ${figures}${faults.length > 0 ? ', WRONG' : ''}`);
  return run;
}

/** Starts the clients and the model. */
export async function createContext(options: Options): Promise<Context> {
  const model = await startScript('clients/model.ts');
  const driver = await startScript('clients/driver.ts');
  const clients = { driver: driver.child, model: model.child, modelUrl: model.ready };
  const running = new Set<Promise<System>>();
  const stopOne = async (starting: Promise<System>) => {
    await starting.then((system) => system.stop()).catch(() => {});
    running.delete(starting);
  };
  return {
    clients,
    options,
    async withSystem(name, settings, work) {
      const systemOptions = { modelUrl: model.ready, settings, profile: options.profile };
      const starting = name === 'floor' ? startFloor(systemOptions) : startTurnkeeper(name, systemOptions);
      running.add(starting);
      try {
        return await work(await starting);
      } finally {
        await stopOne(starting);
      }
    },
    noted,
    async stop() {
      await Promise.all([...running].map(stopOne));
      await Promise.all([end(driver.child), end(model.child)]);
    },
  };
}
