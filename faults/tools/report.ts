// Prints what a kill run did.
import { linesOf } from '../report.ts';
import type { ToolRunResult } from './run.ts';

/** The report of one runtime. */
export function toolReportOf(result: ToolRunResult): string {
  const { runtime, folder, turns, completed, kills, calls, modelCalls, unknown, repeats, retries, seconds } = result;
  return [
    `${runtime}: ${turns} turns with tools accepted, ${completed} completed, ${kills} kills in ${seconds.toFixed(0)} s; evidence and logs in ${folder}`,
    `${calls} requests of calls, ${repeats} of them repeats after a kill; ${unknown} unknown outcomes, ${retries} of them retried by a person; ${modelCalls} model calls`,
    ...linesOf(result.findings),
  ].join('\n');
}
