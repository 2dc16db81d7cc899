// Loaded into the processes of the server by --profile: SIGWINCH, which no terminal sends to them, starts a CPU profile,
// and a second one writes it to the folder BENCH_PROFILES.
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

const SAMPLE_US = 500;
const file = join(process.env['BENCH_PROFILES']!, String(process.pid));
let session: Session | null = null;

async function toggle(): Promise<void> {
  if (session) {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    session = null;
    writeFileSync(`${file}.part`, JSON.stringify(profile));
    renameSync(`${file}.part`, `${file}.cpuprofile`);
    return;
  }
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
  await session.post('Profiler.start');
}

process.on('SIGWINCH', () => void toggle());
writeFileSync(`${file}.ready`, '');
