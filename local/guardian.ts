// The guardian is a small shell between this process (its owner) and a child process. It stops the child when the owner
// ends, in whatever way. Node has nothing for this: exit handlers do not run after kill -9, and the parent-death signal
// exists only on Linux. The guardian's standard input is a pipe from the owner. The kernel closes the pipe when the
// owner ends. The guardian then sends the stop signal to the child, and SIGKILL after GUARDIAN_GRACE_S. Until then,
// each line on the pipe is the name of a signal to send to the child.
//
// The guardian is the child's parent, so the child is guarded from its first moment, and its pid cannot be reused while
// the guardian waits for it. The guardian runs in its own terminal session: Ctrl-C reaches neither it nor the child,
// and the owner stops its services in order.

/** `$0` of the shell. It contains the owner's pid, so that a later start can tell a guarded process from an orphan. */
export const guardianName = (owner: number): string => `turnkeeper-guardian of ${owner}`;

/** The owner's pid, read from a guardian's command line. Null: the command line is not that of a guardian. */
export function ownerOfGuardian(command: string): number | null {
  const found = /turnkeeper-guardian of (\d+)/.exec(command);
  return found ? Number(found[1]) : null;
}

/** Seconds from the stop signal to SIGKILL. */
export const GUARDIAN_GRACE_S = 10;

/**
 * sh -c SCRIPT NAME STOP_SIGNAL command arguments…
 *
 * The guardian writes the child's pid to descriptor 3. A background subshell reads the pipe as descriptor 4, because a
 * shell gives background jobs /dev/null as standard input. The exit code is the child's; signal n becomes 128 + n.
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
