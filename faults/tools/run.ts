// The kill run: turns that call tools, and workers that are killed all the time. The receiver's ledger must show what the
// effects of the tools allow.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../bench/clients/client.ts';
import { startedWith } from '../campaign.ts';
import type { Finding } from '../checks/checks.ts';
import type { Runtime, System } from '../system/system.ts';
import { startDapr, startEmbedded } from '../system/topologies.ts';
import { Callers } from './callers.ts';
import { ENOUGH_REPEATS, ENOUGH_UNKNOWN, struckBy, toolFindingsOf, type Struck } from './checks.ts';
import { Clients } from './clients.ts';
import { readToolRows, type ToolEvidence } from './evidence.ts';
import { Killer } from './killer.ts';
import { Ledger } from './ledger.ts';
import { ToolModel } from './model.ts';
import { assistantsFile } from './turns.ts';

const TURNS = 500;
const CLIENTS = 64;
/** Of an embedded instance. While one starts again, the others work. */
const CHILDREN = '3';
/** Turns that have not ended by then never will. */
const LONGEST_S = 600;

export interface ToolRunOptions {
  readonly runtime: Runtime;
  readonly seed: number;
  readonly root: string;
  readonly folder: string;
  readonly turns?: number;
}

export interface ToolRunResult extends Struck {
  readonly runtime: Runtime;
  readonly folder: string;
  readonly turns: number;
  readonly completed: number;
  readonly kills: number;
  /** Requests that the receiver got. */
  readonly calls: number;
  readonly modelCalls: number;
  /** Decisions of persons to make a call again. */
  readonly retries: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
}

/** Runs until every turn has ended. Rejects if the system cannot be started. */
export async function runTools({ runtime, seed, root, folder, turns = TURNS }: ToolRunOptions): Promise<ToolRunResult> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const draw = random(seed);
  const callers = new Callers();
  const [ledger, model] = [await Ledger.start(callers, draw), await ToolModel.start(callers, draw)];
  const file = join(folder, 'assistants.json');
  writeFileSync(file, JSON.stringify(assistantsFile(ledger.url)));
  const settings = {
    ASSISTANTS: file,
    TOOLS_ALLOW_PRIVATE: 'yes',
    OPENAI_BASE_URL: model.url,
    ...(runtime === 'embedded' && { PROCESSES: CHILDREN }),
  };
  try {
    return await startedWith({ root, folder, needs: new Set(), settings }, async (base) => {
      const system = await (runtime === 'dapr' ? startDapr(base) : startEmbedded(base));
      const began = Date.now();
      const end = new AbortController();
      const timer = setTimeout(() => end.abort(), LONGEST_S * 1_000);
      const clients = new Clients({ urls: system.urls, seed, turns, clients: CLIENTS, draw, end: end.signal });
      const killer = new Killer({ system, callers, ledger, draw }).run(end.signal);
      await clients.run();
      const seconds = (Date.now() - began) / 1_000;
      clearTimeout(timer);
      end.abort();
      await killer;
      return resultOf(system, { turns, clients, ledger, model, callers, seconds, folder });
    });
  } finally {
    await Promise.all([ledger.stop(), model.stop()]);
  }
}

interface Ended {
  readonly turns: number;
  readonly clients: Clients;
  readonly ledger: Ledger;
  readonly model: ToolModel;
  readonly callers: Callers;
  readonly seconds: number;
  readonly folder: string;
}

async function resultOf({ base, runtime, processes }: System, ended: Ended): Promise<ToolRunResult> {
  const { turns, clients, ledger, model, callers, seconds, folder } = ended;
  const rows = await readToolRows(base.postgres.url);
  const evidence: ToolEvidence = {
    turns,
    rows,
    entries: ledger.entries,
    asked: model.calls,
    acknowledged: clients.acknowledged,
    confirmed: clients.confirmed,
    wrong: clients.wrong,
    unexpectedExits: processes.flatMap(({ unexpected }) => unexpected),
  };
  writeFileSync(join(folder, 'evidence.json'), JSON.stringify(evidence, null, 1), { mode: 0o600 });
  return {
    runtime,
    folder,
    turns: rows.turns.length,
    completed: rows.turns.filter(({ status }) => status === 'completed').length,
    kills: callers.kills.length,
    calls: ledger.entries.length,
    modelCalls: model.calls.length,
    retries: rows.reviews.filter(({ status }) => status === 'retried').length,
    seconds,
    ...struckBy(evidence),
    findings: toolFindingsOf(evidence),
  };
}

/** What the run did not strike often enough: then it proves nothing. */
export function tooFewOf({ runtime, unknown, repeats }: ToolRunResult): string[] {
  return [
    ...(unknown < ENOUGH_UNKNOWN
      ? [`${runtime} kill run: ${unknown} unknown outcomes, fewer than ${ENOUGH_UNKNOWN}`]
      : []),
    ...(repeats < ENOUGH_REPEATS
      ? [`${runtime} kill run: ${repeats} repeated calls, fewer than ${ENOUGH_REPEATS}`]
      : []),
  ];
}
