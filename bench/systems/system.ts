// What is measured: turnkeeper with an actor runtime, or the floor.
import type { Services } from './services.ts';
import type { SentTurn } from '../clients/load.ts';

export type SystemName = 'floor' | 'embedded' | 'dapr';

export interface System {
  readonly name: SystemName;
  readonly url: string;
  readonly services: Services;
  /** The processes whose CPU and memory count, with their descendants. */
  readonly pids: readonly number[];
  /** Resolves when nothing is left to do for these turns. Rejects if that takes too long. */
  settled(turns: readonly SentTurn[]): Promise<void>;
  /** @throws if commits are not flushed to disk. Called after `turns` turns. */
  assertDurable(turns: number): Promise<void>;
  /** Stops the processes and removes the data. */
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly modelUrl: string;
  /** Additional settings of turnkeeper. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Record CPU profiles in the data folder, and count statements. */
  readonly profile?: boolean;
}
