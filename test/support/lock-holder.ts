// A process that locks a data folder and keeps running until data-folder.test.ts kills it.
import { lockDataFolder } from '../../local/data-folder.ts';

lockDataFolder(process.argv[2]!); // the result is discarded: the lock must still be held
globalThis.gc?.();
console.log('locked');
// An interrupted test cannot kill this process. The closed pipe ends it instead.
process.stdin.resume().once('end', () => process.exit());
