// Secrets from Dapr's secret store, through the sidecar, for settings that the environment does not hold.
import { HTTPClient } from '@dapr/dapr';
import { clientOptions, type SidecarAddress } from './sidecar.ts';

/** Those of `names` that the store holds. Waits for the sidecar; rejects where it does not come up or refuses. */
export async function readSecrets(
  sidecar: SidecarAddress,
  store: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  const client = new HTTPClient(clientOptions(sidecar));
  await client.start();
  const found: Record<string, string> = {};
  for (const name of names) {
    const secret = (await client.execute(
      `/secrets/${encodeURIComponent(store)}/${encodeURIComponent(name)}`,
    )) as unknown;
    const value = secret !== null && typeof secret === 'object' ? (secret as Record<string, unknown>)[name] : undefined;
    if (typeof value === 'string' && value !== '') found[name] = value;
  }
  return found;
}
