// The owner of resources that a test sets up: one test, or the whole test file.
import test from 'ava';

/** ava's `t` of a test implements it. */
export interface Owner {
  /** Runs `work` when the owner ends, whether it passed or failed. Runs in reverse order of registration. */
  teardown(work: () => unknown): void;
}

/**
 * Returns an owner that lives as long as the test file. Use it in `test.before`, where ava does not allow `t.teardown`.
 * Call this function at the top of the file, before any test is declared.
 */
export function fileOwner(): Owner {
  const works: (() => unknown)[] = [];
  test.after.always('release the resources of the file', async () => {
    for (const work of works.toReversed()) await work();
  });
  return { teardown: (work) => void works.push(work) };
}
