// Wrong clocks, by libfaketime: it reads from a file how the clock of a process differs, and looks at the file every second.
// As in a real jump, only the time of day changes: monotonic clocks go on.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIBRARIES = '/usr/lib';
const RIGHT = '+0';

function library(): string | null {
  const candidates = existsSync(LIBRARIES)
    ? readdirSync(LIBRARIES).map((each) => join(LIBRARIES, each, 'faketime', 'libfaketimeMT.so.1'))
    : [];
  return candidates.find((each) => existsSync(each)) ?? null;
}

const MISSING = 'libfaketime is missing (Debian package `faketime`)';

/** Why clocks cannot be changed here; null: they can. */
export const whyNoFakeClock = (): string | null => (library() === null ? MISSING : null);

/** The clock of one process. */
export class FakeClock {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.heal();
  }

  /** What the process needs in its environment. @throws if there is no libfaketime */
  get environment(): Record<string, string> {
    const preloaded = library();
    if (preloaded === null) throw new Error(MISSING);
    return {
      LD_PRELOAD: preloaded,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** `difference`: as libfaketime has it, for example `-300` (seconds) or `+0 x1.1` (10 % too fast). */
  set(difference: string): void {
    writeFileSync(this.#file, `${difference}\n`);
  }

  heal(): void {
    this.set(RIGHT);
  }
}
