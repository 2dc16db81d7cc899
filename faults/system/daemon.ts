// daprd and placement of a campaign, which may be killed, frozen and started again on the same ports.
import type { DaprBinaries, Placement, Sidecar } from '../../local/dapr.ts';
import { startPlacement, startSidecar } from '../../local/dapr.ts';

type Signal = 'SIGKILL' | 'SIGSTOP' | 'SIGCONT';

interface Started {
  readonly exited: Promise<unknown>;
  readonly kill: (signal: Signal) => void;
  stop(): Promise<void>;
}

/** A daemon whose addresses do not matter. */
export type AnyDaemon = Pick<Daemon<Started>, 'name' | 'signal' | 'restart' | 'stop'>;

export class Daemon<S extends Started> {
  readonly name: string;
  readonly #start: (insteadOf?: S) => Promise<S>;
  started: S;

  private constructor(name: string, start: (insteadOf?: S) => Promise<S>, started: S) {
    [this.name, this.#start, this.started] = [name, start, started];
  }

  static async start<S extends Started>(name: string, start: (insteadOf?: S) => Promise<S>): Promise<Daemon<S>> {
    return new Daemon(name, start, await start());
  }

  signal(signal: Signal): void {
    this.started.kill(signal);
  }

  /** Starts it again on the same ports after SIGKILL. */
  async restart(): Promise<void> {
    await this.started.exited;
    this.started = await this.#start(this.started);
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT');
    await this.started.stop();
  }
}

export const startPlacementDaemon = (binaries: DaprBinaries, dataDir: string): Promise<Daemon<Placement>> =>
  Daemon.start('placement', (insteadOf) => startPlacement(binaries, dataDir, insteadOf));

export interface SidecarAddresses {
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly placementPort: number;
}

export const startSidecarDaemon = (
  name: string,
  binaries: DaprBinaries,
  { placementPort, ...addresses }: SidecarAddresses,
): Promise<Daemon<Sidecar>> =>
  Daemon.start(name, (insteadOf) =>
    startSidecar({ ...addresses, binaries, role: 'actors', ...(insteadOf && { insteadOf }) }, placementPort),
  );
