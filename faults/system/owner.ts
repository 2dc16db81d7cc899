// Which process has a connection, read from /proc: the children of an instance share one proxy.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const ADDRESS = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} (?:\S+ +){6}(\d+)/;
const SOCKET = /^socket:\[(\d+)\]$/;

/** The inodes of the sockets that the process has. */
function inodesOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return SOCKET.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // it was closed meanwhile
      }
    });
  } catch {
    return []; // the process has ended
  }
}

/** The processes by the local ports of their connections. Reads whole tables, so it is called rarely. */
export function pidsByPort(pids: readonly number[]): Map<number, number> {
  const pidOfInode = new Map(pids.flatMap((pid) => inodesOf(pid).map((inode) => [inode, pid] as const)));
  const found = new Map<number, number>();
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const [, port, inode] = ADDRESS.exec(line) ?? [];
    const pid = pidOfInode.get(inode ?? '');
    if (port !== undefined && pid !== undefined) found.set(Number.parseInt(port, 16), pid);
  }
  return found;
}
