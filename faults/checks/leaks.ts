// I10: no process ends by itself, and what the processes hold returns to what it was.
import type { Check, Evidence } from './evidence.ts';

/** Beyond the state after the warm-up: pools and caches fill up later. */
const [MORE_FILES, MORE_MIB, MORE_CONNECTIONS] = [100, 400, 40];

function exits({ unexpectedExits }: Evidence): string[] {
  return unexpectedExits.map(({ name, at, how }) => `${name} ended by itself at ${new Date(at).toISOString()}: ${how}`);
}

function leaks({ usage: { before, after } }: Evidence): string[] {
  const faults: string[] = [];
  const grown = (
    what: string,
    was: Readonly<Record<string, number>>,
    is: Readonly<Record<string, number>>,
    more: number,
  ) => {
    for (const [name, now] of Object.entries(is))
      if (now > (was[name] ?? 0) + more) faults.push(`${name}: ${now} ${what}, ${was[name] ?? 0} before the faults`);
  };
  grown('open files', before.files, after.files, MORE_FILES);
  grown('MiB', before.mib, after.mib, MORE_MIB);
  if (after.connections > before.connections + MORE_CONNECTIONS)
    faults.push(`${after.connections} connections to the database, ${before.connections} before the faults`);
  if (after.idleInTransaction > 0) faults.push(`${after.idleInTransaction} connections are idle in a transaction`);
  return faults;
}

export const LEAK_CHECKS: readonly Check[] = [
  { name: 'I10 no process ends by itself', run: exits },
  { name: 'I10 nothing leaks', run: leaks },
];
