// Publishing to Dapr pub/sub through the sidecar: many events a call. Ours, because the SDK's `publishBulk` tells of no
// failure when all of them fail (dapr/js-sdk#703).
import { DAPR_HOST, type SidecarAddress } from './sidecar.ts';

/** The component, of whatever kind: components/pubsub.yaml. */
export const PUBSUB = 'pubsub';

/** For all calls together: twice that is still below the time after which others take an event for left over
 *  (src/workers/relay.ts). */
const TIMEOUT_MS = 2_000;
/** Of a call's body; daprd takes 4 MiB. */
const CALL_BYTES = 1_000_000;
const TOO_LARGE = 413;

interface Entry {
  readonly id: string;
  readonly json: string;
}

/** daprd's answer to a call of which something failed. */
interface Failures {
  readonly failedEntries?: readonly { readonly entryId: string; readonly error?: string }[];
}

/** Entries in calls of a bearable size; one that is larger goes alone. */
function callsOf(entries: readonly Entry[]): Entry[][] {
  const calls: Entry[][] = [];
  let bytes = CALL_BYTES;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry.json);
    if (bytes + size > CALL_BYTES) {
      calls.push([]);
      bytes = 0;
    }
    calls.at(-1)!.push(entry);
    bytes += size;
  }
  return calls;
}

/** What became of events: `out` are published, `refused` never will be, `fault` says why others are not. */
interface Outcome {
  readonly out: Set<string>;
  readonly refused: Set<string>;
  fault: string | null;
}

/** Publishes CloudEvents as they are: as `application/cloudevents+json`, daprd keeps their id, source, type, subject
 *  and time. The function it returns never rejects. */
export function daprPublisher({ httpPort, apiToken }: SidecarAddress) {
  const base = `http://${DAPR_HOST}:${httpPort}/v1.0-alpha1/publish/bulk/${PUBSUB}`;
  const headers = {
    'content-type': 'application/json',
    ...(apiToken === undefined ? {} : { 'dapr-api-token': apiToken }),
  };

  async function call(topic: string, entries: readonly Entry[], outcome: Outcome, signal: AbortSignal): Promise<void> {
    const response = await fetch(`${base}/${topic}`, {
      method: 'POST',
      headers,
      body: `[${entries.map(({ json }) => json).join(',')}]`,
      signal,
    });
    const text = await response.text();
    if (response.ok) return entries.forEach(({ id }) => outcome.out.add(id));
    if (response.status === TOO_LARGE && entries.length === 1) return void outcome.refused.add(entries[0]!.id);
    outcome.fault = `${response.status} ${text.slice(0, 500)}`;
    const { failedEntries } = parsed(text);
    // Without a list nothing is known to be out.
    if (!failedEntries?.length) return;
    const failed = new Set(failedEntries.map(({ entryId }) => entryId));
    for (const { id } of entries) if (!failed.has(id)) outcome.out.add(id);
  }

  return async (topic: string, events: readonly { readonly id: string }[]): Promise<Outcome> => {
    const outcome: Outcome = { out: new Set(), refused: new Set(), fault: null };
    const entries = events.map((event) => ({
      id: event.id,
      json: JSON.stringify({ entryId: event.id, event, contentType: 'application/cloudevents+json' }),
    }));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      // One after another: when the first is not taken, the others wait for the next time.
      for (const each of callsOf(entries)) {
        await call(topic, each, outcome, signal);
        if (outcome.fault !== null) break;
      }
    } catch (error) {
      const { message, cause } = error as Error;
      outcome.fault = cause instanceof Error ? `${message}: ${cause.message}` : message;
    }
    return outcome;
  };
}

function parsed(text: string): Failures {
  try {
    return JSON.parse(text) as Failures;
  } catch {
    return {};
  }
}
