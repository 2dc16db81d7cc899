import { connection } from '../api/connection.ts';

const SAYS = {
  offline: 'You are offline. What is here stays; it goes on when the network is back.',
  reconnecting: 'The connection to turnkeeper broke. Reconnecting …',
} as const;

/** One line below the bar while the page does not hear from the server. */
export function LinkState() {
  const state = connection.value;
  return (
    <div role="status">
      {state !== 'online' && (
        <p class="link-state" data-state={state}>
          {SAYS[state]}
        </p>
      )}
    </div>
  );
}
