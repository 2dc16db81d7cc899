// Ports of the embedded parts: free ones, kept from run to run so that an address somebody wrote down stays true.
import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Below the range from which systems take the near ends of outgoing connections: between our look and the listening of
 *  the program that is given the port, one of those could take it. */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/** A TCP port on 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await tryPort(randomInt(LOWEST, HIGHEST));
    if (port !== null) return port;
  }
}

/** The port remembered in `file` if it is free, else another, which is then remembered. */
export async function rememberedPort(file: string): Promise<number> {
  const remembered = readPort(file);
  if (remembered !== null && (await tryPort(remembered)) !== null) return remembered;
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
