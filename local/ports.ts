// Ports of the embedded services: free ones, stored in a file so that addresses stay the same after a restart.
import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * Below the range of ephemeral ports. Otherwise an outgoing connection could take the port after it was found free and
 * before the program listens on it.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/** A TCP port on 127.0.0.1 that no process listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await tryPort(randomInt(LOWEST, HIGHEST));
    if (port !== null) return port;
  }
}

/** The port stored in `file` if it is free. Otherwise another free port, which is then stored there. */
export async function storedPort(file: string): Promise<number> {
  const stored = readPort(file);
  if (stored !== null && (await tryPort(stored)) !== null) return stored;
  const port = await freePort();
  writeFileSync(file, `${port}\n`, { mode: 0o600 });
  return port;
}

function readPort(file: string): number | null {
  try {
    const port = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null;
  } catch {
    return null;
  }
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : null));
    });
  });
}
