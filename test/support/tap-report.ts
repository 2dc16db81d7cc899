// Converts ava's TAP output to a readable report: one line for each test, failures in full, and the counts at the end.

const RESULT = /^(not ok|ok) \d+ - (.*?)(?: # (SKIP|TODO))?$/;
/** Tests that did not run because their file ended too early. They count as failed. */
const REMAINING = /^# (\d+) tests? remaining in (.*)$/;
const END_OF_RUN = /^1\.\.\d+/;

export class TapReport {
  failed = 0;
  #passed = 0;
  #skipped = 0;
  readonly #write: (line: string) => void;
  readonly #failures: string[] = [];
  #failing: string[] | null = null;
  #ended = false;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  line(line: string): void {
    const result = RESULT.exec(line);
    if (result) return this.#result(result[1] === 'ok', result[2]!, result[3] !== undefined);
    const remaining = REMAINING.exec(line);
    if (remaining) return this.fail(`${remaining[2]}: ${remaining[1]} tests did not run`, Number(remaining[1]));
    if (END_OF_RUN.test(line)) this.#ended = true;
    if (this.#ended || /^(TAP version|\s*---$|\s*\.\.\.$)/.test(line)) return;
    if (line.startsWith('# ') && !line.startsWith('#   ')) return; // titles of hooks
    this.#failing?.push(line);
    if (line.trim() !== '') this.#write(line);
  }

  /** Records a failure that is not a test. */
  fail(reason: string, count = 1): void {
    this.#close();
    this.failed += count;
    this.#failures.push(`FAILED ${reason}`);
    this.#write(`FAILED ${reason}`);
  }

  /** Writes all failures again, then the counts. Returns true if at least one test passed and none failed. */
  finish(): boolean {
    this.#close();
    if (this.failed + this.#passed + this.#skipped === 0) this.fail('No test ran.');
    if (this.#failures.length > 0) this.#write(`\n${this.#failures.join('\n\n')}\n`);
    this.#write(`${this.#passed} passed, ${this.failed} failed, ${this.#skipped} skipped`);
    return this.failed === 0 && this.#passed > 0;
  }

  #result(ok: boolean, title: string, skipped: boolean): void {
    this.#close();
    const mark = skipped ? 'skipped' : ok ? 'ok' : 'FAILED';
    this.#write(`${mark} ${title}`);
    if (skipped) this.#skipped += 1;
    else if (ok) this.#passed += 1;
    else {
      this.failed += 1;
      this.#failing = [`FAILED ${title}`];
    }
  }

  #close(): void {
    if (this.#failing) this.#failures.push(this.#failing.join('\n'));
    this.#failing = null;
  }
}
