// A process that locks a data folder and stays, for data-folder.test.ts to kill.
import { lockDataFolder } from '../../local/data-folder.ts';

lockDataFolder(process.argv[2]!); // the result is not kept: the lock must hold all the same
globalThis.gc?.();
console.log('locked');
// A test that is interrupted kills nobody: its end of the pipe does.
process.stdin.resume().once('end', () => process.exit());
