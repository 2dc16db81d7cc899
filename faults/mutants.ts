// Proof that the checks see: removes one safeguard at a time from a copy of the checkout. The campaign must then fail, and
// name the check. Without the patch the same seed must pass.
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../bench/systems/processes.ts';
import type { Finding } from './checks/checks.ts';
import type { Runtime } from './system/system.ts';

interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Kinds of faults under which the safeguard matters. Empty: the kill run of tools, which ends with its turns. */
  readonly kinds: readonly string[];
  readonly runtime: Runtime;
  readonly minutes: number;
  /** Beginnings of the names of checks. At least one of them must fail. */
  readonly checks: readonly string[];
}

/** Several safeguards have a second one behind them. Such a mutant removes both: alone, neither is needed. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'epoch-check',
    edits: [
      {
        file: 'src/store/commit-turn.ts',
        find: 'turns.turn_id = answers.turn_id and turns.epoch = answers.epoch',
        replace: 'turns.turn_id = answers.turn_id',
      },
    ],
    kinds: ['worker-frozen'],
    runtime: 'dapr',
    minutes: 2,
    checks: ['I4'],
  },
  {
    name: 'unique-keys',
    edits: [
      {
        file: 'migrations/20261122000001_turns.ts',
        find: 'create unique index if not exists turns_user_idempotency_key',
        replace: 'create index if not exists turns_user_idempotency_key',
      },
      // The statement looks for the key first, to save the error. The index is what makes the key unique.
      {
        file: 'src/store/accept-shared.ts',
        find: 't.idempotency_key = posted.idempotency_key)',
        replace: 't.idempotency_key = posted.idempotency_key and false)',
      },
    ],
    kinds: ['redis-scripts-flushed'],
    runtime: 'embedded',
    minutes: 0.7,
    checks: ['I1 accepted', 'I2 one reply'],
  },
  {
    name: 'idempotency-lookup',
    edits: [
      {
        file: 'src/store/accept-turn.ts',
        find: 'const turnId = facts.earlier_id ?? facts.joined_id;',
        replace: 'const turnId: string | null = null;',
      },
    ],
    kinds: ['redis-scripts-flushed'],
    runtime: 'embedded',
    minutes: 0.7,
    checks: ['I8 repeated'],
  },
  {
    name: 'sweeper',
    edits: [
      {
        file: 'src/workers/sweeper.ts',
        find: 'async #wakeIdle(): Promise<void> {',
        replace: 'async #wakeIdle(): Promise<void> {\n    return;',
      },
    ],
    kinds: ['worker-killed'],
    runtime: 'embedded',
    minutes: 1.4,
    checks: ['I1 accepted', 'I7'],
  },
  {
    name: 'outbox',
    edits: [
      {
        file: 'src/store/commit-turn.ts',
        find: 'on e.turn_id = done.turn_id)',
        replace: 'on e.turn_id = done.turn_id where false)',
      },
      // The sweeper counts the turns whose events were lost.
      {
        file: 'src/store/commit-turn.ts',
        find: 'select turn_id from done where reply is not null)',
        replace: 'select turn_id from done where reply is not null and false)',
      },
    ],
    kinds: ['redis-killed'],
    runtime: 'embedded',
    minutes: 1.4,
    checks: ['I5', 'analytics', 'backlog'],
  },
  {
    name: 'review-condition',
    edits: [
      {
        file: 'src/store/end-review.ts',
        find: "r.status = 'pending' and ${when}",
        replace: '${when}',
      },
      // The rest of the line, the status of the turn, becomes a comment.
      {
        file: 'src/store/end-review.ts',
        find: 'and turns.turn_id = r.turn_id and',
        replace: 'and turns.turn_id = r.turn_id --',
      },
    ],
    kinds: ['redis-scripts-flushed'],
    runtime: 'embedded',
    minutes: 0.7,
    checks: ['I8 acknowledged', 'I2 one decision', 'I2 one reply'],
  },
  {
    name: 'connection-disposal',
    edits: [
      {
        file: 'src/store/connect.ts',
        find: 'return socket.setTimeout(silence, () => socket.destroy(fault()));',
        replace: 'return socket;',
      },
      {
        file: 'src/store/connect.ts',
        find: 'validate: (client: pg.Client) => free.mayBeUsed(client)',
        replace: 'validate: () => true',
      },
    ],
    kinds: ['all-half-open'],
    runtime: 'embedded',
    minutes: 1.4,
    checks: ['I7', 'I1 accepted', 'I8 repeated'],
  },
  {
    name: 'once-after-takeover',
    edits: [
      {
        file: 'src/turns/tool-steps.ts',
        find: "(wasStarted && call.effect === 'once')",
        replace: 'false',
      },
    ],
    kinds: [],
    runtime: 'embedded',
    minutes: 0,
    checks: ['I2 once calls'],
  },
  {
    name: 'outcome-record',
    edits: [
      {
        file: 'src/turns/tool-steps.ts',
        find: 'if (!(await commitUntilDone(() => recordOutcome(database, this.#work, ordinal, outcome), recording))) return false;',
        replace: '',
      },
    ],
    kinds: [],
    runtime: 'embedded',
    minutes: 0,
    checks: ['I1 turns with calls'],
  },
  {
    name: 'journal-read',
    edits: [
      {
        file: 'src/turns/answer-turn.ts',
        find: 'journal: journals.get(work.turnId) ?? [] };',
        replace: 'journal: [] };',
      },
      // The rows of an earlier claim would stop the answers of a later one.
      {
        file: 'src/store/steps/journal.ts',
        find: 'do update set epoch = excluded.epoch where turn_steps.epoch = excluded.epoch',
        replace: `do update set epoch = excluded.epoch, call_id = excluded.call_id, arguments = excluded.arguments,
          status = excluded.status, result = excluded.result`,
      },
    ],
    kinds: [],
    runtime: 'embedded',
    minutes: 0,
    checks: ['I2 once calls', 'I9 journaled'],
  },
];

/** What a process needs; not the dependencies, which are linked. */
const COPIED = [
  'src',
  'local',
  'migrations',
  'scripts',
  'components',
  'web/dist',
  'docs',
  'package.json',
  'knexfile.ts',
];

/** Copies the checkout and applies the edits. Returns the folder. @throws if a text to replace is not found once */
export function copyWith({ name, edits }: Pick<Mutant, 'name' | 'edits'>): string {
  const root = join(ROOT, '.turnkeeper', 'mutants', name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  for (const each of COPIED) cpSync(join(ROOT, each), join(root, each), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  for (const { file, find, replace } of edits) {
    const text = readFileSync(join(root, file), 'utf8');
    const count = text.split(find).length - 1;
    if (count !== 1) throw new Error(`the mutant ${name}: ${count} times in ${file} instead of once: ${find}`);
    writeFileSync(
      join(root, file),
      text.replace(find, () => replace),
    );
  }
  return root;
}

export const removeCopy = (root: string): void => rmSync(root, { recursive: true, force: true });

/** Runs the kinds of faults of a mutant on a checkout. Returns what did not hold. */
export type RunOn = (mutant: Mutant, root: string) => Promise<readonly Finding[]>;

/** Runs the mutants and, without the patch, the same seed. Returns what was not as it must be; empty: everything. */
export async function runMutants(
  names: readonly string[],
  runOn: RunOn,
  say: (line: string) => void,
): Promise<string[]> {
  const unknown = names.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown.length > 0) throw new Error(`there is no mutant ${unknown.join(', ')}`);
  const faults: string[] = [];
  const green = new Map<string, boolean>();
  for (const mutant of MUTANTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const { name, kinds, runtime, minutes, checks } = mutant;
    const run = kinds.length === 0 ? `${runtime} kill run` : `${runtime} ${kinds.join(' ')} ${minutes} minutes`;
    if (!green.has(run)) {
      const broken = (await runOn(mutant, ROOT)).map(({ check }) => check);
      say(`without a patch, ${run}: ${broken.join(', ') || 'every invariant holds'}`);
      green.set(run, broken.length === 0);
    }
    if (green.get(run) === false) faults.push(`${name}: the same seed fails without the patch`);
    const root = copyWith(mutant);
    const found = (await runOn(mutant, root)).map(({ check }) => check);
    removeCopy(root);
    const seen = found.filter((check) => checks.some((begin) => check.startsWith(begin)));
    say(
      `mutant ${name}: ${seen.length > 0 ? `seen by ${seen.join(', ')}` : `NOT SEEN; failed: ${found.join(', ') || 'nothing'}`}`,
    );
    if (seen.length === 0) faults.push(`${name} was not seen`);
  }
  return faults;
}
