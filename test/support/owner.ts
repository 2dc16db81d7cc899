// Who owns what a test set up: the test, or the whole test file.
import test from 'ava';

/** ava's `t` of a test is one. */
export interface Owner {
  /** Called when the owner ends, passed or failed; the last one registered first. */
  teardown(work: () => unknown): void;
}

/**
 * An owner that lives as long as the test file, for what is set up in `test.before`, where ava's `t.teardown` is
 * refused. Call it at the top of the file, before any test is declared.
 */
export function fileOwner(): Owner {
  const works: (() => unknown)[] = [];
  test.after.always('releases what the file set up', async () => {
    for (const work of works.toReversed()) await work();
  });
  return { teardown: (work) => void works.push(work) };
}
