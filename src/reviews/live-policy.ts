// The policy in force: read again when its file changes, without a restart. A bad new version changes nothing but the
// log and the metrics.
import { readFile } from 'node:fs/promises';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { parsePolicy, unreadable, type PolicyFile, type PolicyText } from '../domain/policy-file.ts';
import type { PolicySource, ReviewPolicy } from '../domain/policy.ts';

/** Between two looks at the file. It is a few kilobytes, so its text is compared: times of change are too coarse on some
 *  file systems, and watching a file loses it when it is replaced by another of its name (editors, ConfigMaps). */
const LOOK_MS = 1_000;

export interface LivePolicyDeps {
  readonly keywords: readonly string[];
  /** Null: there is no file, and nothing to look for. */
  readonly file: PolicyFile | null;
  readonly metrics: Metrics;
  readonly log: Log;
}

const same = (a: PolicyText, b: PolicyText): boolean =>
  a.text === b.text && (a.text !== null || b.text !== null || a.fault === b.fault);

export class LivePolicy implements PolicySource {
  readonly #deps: LivePolicyDeps;
  #current: ReviewPolicy;
  /** What the last judgement was about. */
  #judged: PolicyText;
  /** What the last look saw. */
  #seen: PolicyText;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: LivePolicyDeps) {
    this.#deps = deps;
    this.#current = { keywords: deps.keywords, rules: deps.file?.rules ?? [] };
    this.#judged = this.#seen = deps.file?.read ?? { text: '' };
    if (deps.file) deps.metrics.policyInForce.set({ file: deps.file.path }, 1);
  }

  get current(): ReviewPolicy {
    return this.#current;
  }

  start(): void {
    if (this.#deps.file) this.#lookLater(this.#deps.file.path);
  }

  /** Resolves when no look is under way any more. */
  stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    return this.#looking;
  }

  #lookLater(path: string): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look(path).then(() => this.#lookLater(path));
    }, LOOK_MS);
  }

  async #look(path: string): Promise<void> {
    const read: PolicyText = await readFile(path, 'utf8').then((text) => ({ text }), unreadable);
    // Seen twice alike: a file in the middle of being written, or away while it is replaced, is not judged.
    const settled = same(read, this.#seen);
    this.#seen = read;
    if (settled && !same(read, this.#judged)) this.#judge(path, read);
  }

  #judge(path: string, read: PolicyText): void {
    const { keywords, metrics, log } = this.#deps;
    this.#judged = read;
    const { rules, faults } = parsePolicy(read);
    const good = faults.length === 0;
    metrics.policyInForce.set({ file: path }, good ? 1 : 0);
    metrics.policyReloads.inc({ outcome: good ? 'applied' : 'refused' });
    if (good) {
      this.#current = { keywords, rules };
      log.info({ rules: rules.length }, 'The review policy was read again and is in force.');
    } else {
      log.error({ faults }, 'The new review policy is bad; the one before it stays in force.');
    }
  }
}
