// The review policy in force. It is reloaded without a restart when its file changes. An invalid new version is logged
// and counted, and the previous version stays in force.
import { readFile } from 'node:fs/promises';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { parsePolicy, unreadable, type PolicyFile, type PolicyText } from '../domain/policy-file.ts';
import type { PolicySource, ReviewPolicy } from '../domain/policy.ts';

/** Poll interval of the file. Polls compare the text, which is a few kilobytes. Modification times are too coarse on
 *  some file systems, and a file watch is lost when the file is replaced (by editors, or in ConfigMaps). */
const POLL_MS = 1_000;

export interface LivePolicyDeps {
  readonly keywords: readonly string[];
  /** Null: no policy file is configured. */
  readonly file: PolicyFile | null;
  readonly metrics: Metrics;
  readonly log: Log;
}

const same = (a: PolicyText, b: PolicyText): boolean =>
  a.text === b.text && (a.text !== null || b.text !== null || a.fault === b.fault);

export class LivePolicy implements PolicySource {
  readonly #deps: LivePolicyDeps;
  #current: ReviewPolicy;
  /** The text that was applied or refused last. */
  #processed: PolicyText;
  /** The text that the last poll read. */
  #lastRead: PolicyText;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: LivePolicyDeps) {
    this.#deps = deps;
    this.#current = { keywords: deps.keywords, rules: deps.file?.rules ?? [] };
    this.#processed = this.#lastRead = deps.file?.read ?? { text: '' };
    if (deps.file) deps.metrics.policyInForce.set({ file: deps.file.path }, 1);
  }

  get current(): ReviewPolicy {
    return this.#current;
  }

  start(): void {
    if (this.#deps.file) this.#schedulePoll(this.#deps.file.path);
  }

  /** Stops polling; resolves when no poll is running. */
  stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    return this.#polling;
  }

  #schedulePoll(path: string): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#polling = this.#poll(path).then(() => this.#schedulePoll(path));
    }, POLL_MS);
  }

  async #poll(path: string): Promise<void> {
    const read: PolicyText = await readFile(path, 'utf8').then((text) => ({ text }), unreadable);
    // Only a text that two polls read is processed: the file may be half written, or missing while it is replaced.
    const stable = same(read, this.#lastRead);
    this.#lastRead = read;
    if (stable && !same(read, this.#processed)) this.#process(path, read);
  }

  #process(path: string, read: PolicyText): void {
    const { keywords, metrics, log } = this.#deps;
    this.#processed = read;
    const { rules, faults } = parsePolicy(read);
    const valid = faults.length === 0;
    metrics.policyInForce.set({ file: path }, valid ? 1 : 0);
    metrics.policyReloads.inc({ outcome: valid ? 'applied' : 'refused' });
    if (valid) {
      this.#current = { keywords, rules };
      log.info({ rules: rules.length }, 'The review policy was reloaded.');
    } else {
      log.error({ faults }, 'The new review policy is invalid; the previous version stays in force.');
    }
  }
}
