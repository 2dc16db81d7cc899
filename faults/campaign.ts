// One campaign on one runtime: start, load, faults, healing, a clean tail, and the checks.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findingsOf, type Finding } from './checks/checks.ts';
import { repeatsOf } from './checks/calls.ts';
import { readRows, type Evidence, type Tail } from './checks/evidence.ts';
import type { Kind } from './injectors/kind.ts';
import { History } from './load/history.ts';
import { Load } from './load/load.ts';
import { request } from './load/request.ts';
import { Nemesis } from './nemesis.ts';
import type { Cycle } from './schedule.ts';
import { settle } from './settle.ts';
import { measure, type StrikeRecord } from './strikes.ts';
import { Base, type BaseOptions, type Runtime, type System } from './system/system.ts';
import { startDapr, startEmbedded } from './system/topologies.ts';
import { usageOf } from './usage.ts';

const WARM_UP_MS = 5_000;
const [TAIL_MS, CLEAN_MS] = [12_000, 8_000];
const FINISH_MS = 45_000;
const SETTLE_MS = 60_000;

export interface CampaignOptions {
  readonly runtime: Runtime;
  readonly seed: number;
  /** Time for load and faults. */
  readonly seconds: number;
  /** The kinds from which `cycles` was made. */
  readonly kinds: readonly Kind[];
  readonly cycles: readonly Cycle[];
  readonly clients: number;
  readonly root: string;
  readonly folder: string;
  readonly say: (line: string) => void;
}

export interface CampaignResult {
  readonly runtime: Runtime;
  /** The kinds from which the schedule was made. */
  readonly possible: readonly Kind[];
  readonly folder: string;
  readonly accepted: number;
  readonly completed: number;
  readonly modelCalls: number;
  readonly strikes: readonly StrikeRecord[];
  readonly notRun: number;
  /** Faults that could not be injected. */
  readonly failed: readonly string[];
  readonly repeats: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly tail: Tail;
  readonly findings: readonly Finding[];
}

let running: Base | null = null;

/** Ends what a campaign has started, when the process is interrupted. */
export async function stopRunning(): Promise<void> {
  await running?.stop();
}

/** Runs the campaign. Rejects if the system cannot be started. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { runtime, folder, root, cycles } = options;
  const needs = new Set(cycles.flatMap(({ kinds }) => kinds.flatMap((kind) => kind.needs ?? [])));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return startedWith({ root, folder, needs }, async (base) => {
    const system = await (runtime === 'dapr' ? startDapr(base) : startEmbedded(base));
    return attack(system, options);
  });
}

/** Runs `work` on services of its own, which are stopped afterwards. */
export async function startedWith<T>(options: BaseOptions, work: (base: Base) => Promise<T>): Promise<T> {
  const base = await Base.start(options);
  running = base;
  try {
    return await work(base);
  } finally {
    running = null;
    await base.stop();
  }
}

async function attack(system: System, options: CampaignOptions): Promise<CampaignResult> {
  const { base } = system;
  const { seed, seconds, cycles, clients, folder, say } = options;
  await registerWebhook(system);
  const history = new History(join(folder, 'history.jsonl'));
  const load = new Load({ urls: system.urls, history, seed, clients });
  const began = Date.now();
  load.start();
  await sleep(WARM_UP_MS);
  const before = await usageOf(system);
  const nemesis = new Nemesis({ system, load, history, say });
  const notRun = await nemesis.run(cycles, began + seconds * 1000 - TAIL_MS);

  nemesis.healAll();
  const healedAt = Date.now();
  await nemesis.recovered();
  const recoveredAt = Date.now();
  await sleep(TAIL_MS);
  const until = Date.now();
  await load.finish(FINISH_MS);
  const finishedAt = Date.now();
  const derived = await settle(system, SETTLE_MS);
  const drainS = (Date.now() - finishedAt) / 1000;
  const after = await usageOf(system);
  const rows = await readRows(base.postgres.url);
  await history.close();
  keep(folder, 'turns.jsonl', rows.turns);
  keep(
    folder,
    'model-calls.jsonl',
    [...base.model.calls].map(([text, calls]) => ({ text, calls })),
  );

  const strikes = measure(nemesis.strikes, { turns: history.turns, rows, calls: base.model.calls });
  const healing = { at: healedAt, healedAt, kind: NO_KIND, struck: 0, target: null, detail: '', together: false };
  const [last] = measure([healing], { turns: history.turns, rows, calls: base.model.calls });
  const { serviceS, lastTurnS } = last!;
  const tail: Tail = { from: Math.max(recoveredAt, until - CLEAN_MS), until, serviceS, lastTurnS, drainS };
  const evidence: Evidence = {
    history,
    rows,
    calls: base.model.calls,
    receiver: base.receiver,
    losses: nemesis.losses,
    strikes,
    ...derived,
    tail,
    unexpectedExits: system.processes.flatMap(({ unexpected }) => unexpected),
    usage: { before, after },
  };
  return {
    runtime: system.runtime,
    possible: options.kinds,
    folder,
    accepted: rows.turns.length,
    completed: rows.turns.filter(({ status }) => status === 'completed').length,
    modelCalls: base.model.count,
    strikes,
    notRun,
    failed: nemesis.failed,
    repeats: repeatsOf(evidence).reasons,
    refusals: countsOf(history.refusals.map(({ what }) => what)),
    tail,
    findings: findingsOf(evidence),
  };
}

/** The end of all faults is measured like the end of one. */
const NO_KIND = {
  name: 'end',
  rows: [],
  runtimes: [],
  group: 'load',
  seconds: 0,
  inject: () => ({ heal: () => {} }),
} as const;

/** Keeps the input of the checks, so that the cause of a fault can be found. */
function keep(folder: string, file: string, items: readonly object[]): void {
  writeFileSync(join(folder, file), items.map((item) => `${JSON.stringify(item)}\n`).join(''), { mode: 0o600 });
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** One webhook for the turns of all users. */
async function registerWebhook({ base, urls }: System): Promise<void> {
  const body = { url: `http://127.0.0.1:${await base.link('all', 'receiver', base.receiver.port)}/events` };
  const { status, text } = await request('POST', `${urls[0]}/webhooks`, { body, timeoutMs: 10_000 });
  if (status !== 201) throw new Error(`the webhook was refused: ${status} ${text}`);
}
