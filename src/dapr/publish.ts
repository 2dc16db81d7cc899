// Publishes events to Dapr pub/sub through the sidecar, many events with each call. It replaces the SDK's
// `publishBulk`, which reports no failure if all events fail (dapr/js-sdk#703).
import type { Published } from '../domain/events.ts';
import { isSuccess, SidecarClient, type SidecarAddress } from './sidecar.ts';

/** Name of the pub/sub component, of any type: components/pubsub.yaml. */
export const PUBSUB = 'pubsub';

/** Timeout of all calls of one batch together. Twice this value is still below the age at which other processes publish
 *  an unpublished event (src/workers/relay.ts). */
const TIMEOUT_MS = 2_000;
/** Size limit of a request body; daprd accepts 4 MiB. */
const CALL_BYTES = 1_000_000;
const TOO_LARGE = 413;

interface Entry {
  readonly id: string;
  readonly json: string;
}

/** The response of daprd to a call in which some events failed. */
interface Failures {
  readonly failedEntries?: readonly { readonly entryId: string; readonly error?: string }[];
}

/** Splits the entries into calls of at most CALL_BYTES. A larger entry gets its own call. */
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

/** The result while it is collected. */
interface Collected extends Published {
  readonly published: Set<string>;
  readonly refused: Set<string>;
  fault: string | null;
}

/** Returns a function that publishes CloudEvents unchanged: with the content type `application/cloudevents+json`, daprd
 *  keeps their id, source, type, subject and time. The returned function never rejects. */
export function daprPublisher(address: SidecarAddress) {
  const client = new SidecarClient(address);

  async function call(topic: string, entries: readonly Entry[], result: Collected, signal: AbortSignal): Promise<void> {
    const body = `[${entries.map(({ json }) => json).join(',')}]`;
    const response = await client.send('POST', `/v1.0-alpha1/publish/bulk/${PUBSUB}/${topic}`, { body, signal });
    const { status, text } = response;
    if (isSuccess(response)) return entries.forEach(({ id }) => result.published.add(id));
    if (status === TOO_LARGE && entries.length === 1) return void result.refused.add(entries[0]!.id);
    result.fault = `${status} ${text.slice(0, 500)}`;
    const { failedEntries } = parsed(text);
    // Without a list of failed entries, none is known to be published.
    if (!failedEntries?.length) return;
    const failed = new Set(failedEntries.map(({ entryId }) => entryId));
    for (const { id } of entries) if (!failed.has(id)) result.published.add(id);
  }

  return async (topic: string, events: readonly { readonly id: string }[]): Promise<Published> => {
    const result: Collected = { published: new Set(), refused: new Set(), fault: null };
    const entries = events.map((event) => ({
      id: event.id,
      json: JSON.stringify({ entryId: event.id, event, contentType: 'application/cloudevents+json' }),
    }));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      // One call after another. If a call fails, the remaining ones are left for the next attempt.
      for (const batch of callsOf(entries)) {
        await call(topic, batch, result, signal);
        if (result.fault !== null) break;
      }
    } catch (error) {
      result.fault = (error as Error).message;
    }
    return result;
  };
}

function parsed(text: string): Failures {
  try {
    return JSON.parse(text) as Failures;
  } catch {
    return {};
  }
}
