// Reads settings that the environment does not set from Dapr's secret store, through the sidecar.
import { DAPR_HOST, type SidecarAddress } from './sidecar.ts';

/** Returns the values of those `names` that the store has. Waits for the sidecar; rejects if the sidecar does not
 *  become ready or refuses the request. */
export async function readSecrets(
  sidecar: SidecarAddress,
  store: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  // Loaded only here, because the SDK takes 35 MB of memory (docs/decisions/0032-sidecar-client.md).
  const { CommunicationProtocolEnum, HTTPClient, LogLevel } = await import('@dapr/dapr');
  const client = new HTTPClient({
    communicationProtocol: CommunicationProtocolEnum.HTTP,
    daprHost: DAPR_HOST,
    daprPort: String(sidecar.httpPort),
    ...(sidecar.apiToken === undefined ? {} : { daprApiToken: sidecar.apiToken }),
    // Without debug lines, because they contain the token.
    logger: { level: LogLevel.Error },
  });
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
