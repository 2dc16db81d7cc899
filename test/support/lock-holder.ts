// A process that locks a data folder and stays, for data-folder.test.ts to kill.
import { lockDataFolder } from '../../src/dev/data-folder.ts';

lockDataFolder(process.argv[2]!);
console.log('locked');
setInterval(() => {}, 1_000);
