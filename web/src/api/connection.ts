// Whether the page hears from the server. What is live tells it here; the shell shows it.
import { computed, signal } from '@preact/signals';

const online = signal(navigator.onLine);
const broken = signal<ReadonlySet<string>>(new Set());
addEventListener('online', () => (online.value = true));
addEventListener('offline', () => (online.value = false));

export type Connection = 'online' | 'reconnecting' | 'offline';

export const connection = computed<Connection>(() =>
  !online.value ? 'offline' : broken.value.size > 0 ? 'reconnecting' : 'online',
);

/** Something live lost its connection, or has it again (or does not want it any more). */
export function report(what: string, works: boolean): void {
  if (broken.value.has(what) !== works) return;
  const next = new Set(broken.value);
  if (works) next.delete(what);
  else next.add(what);
  broken.value = next;
}
