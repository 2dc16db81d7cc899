// Imported by a process of a test that runs with `--expose-gc`: SIGWINCH collects its garbage, so that its memory
// metrics show only live memory.
process.on('SIGWINCH', () => globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
