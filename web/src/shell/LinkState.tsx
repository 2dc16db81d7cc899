import { connection } from '../api/connection.ts';

const TEXT = {
  offline: 'You are offline. Updates resume when the network is back.',
  reconnecting: 'No response from the server. Retrying.',
} as const;

/** A line below the bar while the server is not connected. */
export function LinkState() {
  const state = connection.value;
  return (
    <div role="status">
      {state !== 'online' && (
        <p class="link-state" data-state={state}>
          {TEXT[state]}
        </p>
      )}
    </div>
  );
}
