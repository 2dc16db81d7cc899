// Which process has a connection, read from /proc: the children of an instance share one proxy.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const ADDRESS = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} (?:\S+ +){7}(\d+)/;

/** The inode of the TCP socket with this local port. Null: it has been closed. */
function inodeOf(port: number): string | null {
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, local, inode] = ADDRESS.exec(line) ?? [];
    if (local !== undefined && Number.parseInt(local, 16) === port && inode !== '0') return inode!;
  }
  return null;
}

function holds(pid: number, inode: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`;
      } catch {
        return false; // it was closed meanwhile
      }
    });
  } catch {
    return false; // the process has ended
  }
}

/** The one of these processes that has the socket with this local port. */
export function ownerOf(port: number, pids: readonly number[]): number | null {
  const inode = inodeOf(port);
  return inode === null ? null : (pids.find((pid) => holds(pid, inode)) ?? null);
}
