// The guardian: a small shell that stands between us and a child process, so that the child ends when we do, however
// we end. Nothing in Node does that: exit handlers do not run at kill -9, and Linux' parent-death signal exists
// nowhere else. The guardian's standard input is a pipe from us. The kernel closes it when we die; then the guardian
// stops the child: the stop signal, and SIGKILL after GUARDIAN_GRACE_S. While we live, a line on that pipe is a signal to send.
//
// The guardian is the child's parent, so there is no moment in which the child runs unguarded, and its pid cannot be
// somebody else's. It is started in a session of its own: a terminal's Ctrl-C reaches neither, and we stop the parts
// ourselves, in order.

/** `$0` of the shell, with the pid of its owner: by it a later run tells a guarded process from an orphan. */
export const guardianName = (owner: number): string => `turnkeeper-guardian of ${owner}`;

/** The owner's pid, from a guardian's command line; null when it is none. */
export function ownerOfGuardian(command: string): number | null {
  const found = /turnkeeper-guardian of (\d+)/.exec(command);
  return found ? Number(found[1]) : null;
}

/** How long a guardian waits before SIGKILL. */
export const GUARDIAN_GRACE_S = 10;

/**
 * sh -c SCRIPT NAME STOP_SIGNAL command arguments…
 *
 * Descriptor 3 takes the child's pid. The background subshell reads the pipe (as descriptor 4: a shell gives background
 * jobs /dev/null as standard input). The exit code is the child's, 128 + n for a signal.
 */
export const GUARDIAN_SCRIPT = `
stop=$1; shift
exec 4<&0
"$@" 3>&- 4<&- </dev/null &
child=$!
echo "$child" >&3
exec 3>&-
(
  while read -r signal <&4; do kill -s "$signal" "$child" 2>/dev/null; done
  kill -s "$stop" "$child" 2>/dev/null
  waited=0
  while [ "$waited" -lt ${GUARDIAN_GRACE_S * 10} ] && kill -0 "$child" 2>/dev/null; do sleep 0.1; waited=$((waited + 1)); done
  kill -s KILL "$child" 2>/dev/null
) >/dev/null 2>&1 &
watcher=$!
exec 4<&-
trap '' HUP INT TERM
wait "$child"
code=$?
kill -s KILL "$watcher" 2>/dev/null
exit "$code"
`;
