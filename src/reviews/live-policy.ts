// The review policy in force: the keywords of the settings, and the rules of the policy file.
import { readFile } from 'node:fs/promises';
import { LiveFile } from '../telemetry/live-file.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { unreadable, type FileText } from '../domain/file-text.ts';
import { parsePolicy, type PolicyFile } from '../domain/policy-file.ts';
import type { PolicySource, ReviewPolicy } from '../domain/policy.ts';

export interface LivePolicyDeps {
  readonly keywords: readonly string[];
  /** Null: no policy file is configured. */
  readonly file: PolicyFile | null;
  readonly metrics: Metrics;
  readonly log: Log;
}

export class LivePolicy implements PolicySource {
  readonly #withoutFile: ReviewPolicy;
  readonly #file: LiveFile<FileText, ReviewPolicy> | null;

  constructor({ keywords, file, metrics, log }: LivePolicyDeps) {
    this.#withoutFile = { keywords, rules: [] };
    this.#file =
      file &&
      new LiveFile({
        path: file.path,
        started: { read: file.read, value: { keywords, rules: file.rules } },
        read: () => readFile(file.path, 'utf8').then((text) => ({ text }), unreadable),
        parse(read) {
          const { rules, faults } = parsePolicy(read);
          return { value: faults.length > 0 ? null : { keywords, rules }, faults };
        },
        metrics: metrics.reviewPolicy,
        log,
        name: 'review policy',
        describe: ({ rules }) => ({ rules: rules.length }),
      });
  }

  get current(): ReviewPolicy {
    return this.#file?.current ?? this.#withoutFile;
  }

  start(): void {
    this.#file?.start();
  }

  /** Stops reading the file; resolves when no read is running. */
  async stop(): Promise<void> {
    await this.#file?.stop();
  }
}
