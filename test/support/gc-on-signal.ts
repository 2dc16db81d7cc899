// Imported by a process of a test, next to `--expose-gc`: SIGWINCH collects its garbage, so that what it says of its
// memory is what it holds.
process.on('SIGWINCH', () => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
