// The state of the connection to the server. Streams and polls report to it; the shell shows it.
import { computed, signal } from '@preact/signals';

const online = signal(navigator.onLine);
const broken = signal<ReadonlySet<string>>(new Set());
addEventListener('online', () => (online.value = true));
addEventListener('offline', () => (online.value = false));

export type Connection = 'online' | 'reconnecting' | 'offline';

export const connection = computed<Connection>(() =>
  !online.value ? 'offline' : broken.value.size > 0 ? 'reconnecting' : 'online',
);

/** Reports that a stream or poll has lost its connection, or that it has recovered or stopped. */
export function report(source: string, works: boolean): void {
  if (broken.value.has(source) !== works) return;
  const next = new Set(broken.value);
  if (works) next.delete(source);
  else next.add(source);
  broken.value = next;
}
