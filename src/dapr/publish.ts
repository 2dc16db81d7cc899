// Publishes events to Dapr pub/sub through the sidecar, many events with each call. A daprd without the bulk API gets
// one event with each call.
import type { Published } from '../domain/events.ts';
import { isSuccess, SidecarClient, type SidecarAddress, type SidecarResponse } from './sidecar.ts';

/** Name of the pub/sub component, of any type: components/pubsub.yaml. */
export const PUBSUB = 'pubsub';

/** Timeout of all calls of one batch together. Twice this value is still below the age at which other processes publish
 *  an unpublished event (src/workers/relay.ts). */
const TIMEOUT_MS = 2_000;
/** Size limit of a request body; daprd accepts 4 MiB. */
const CALL_BYTES = 1_000_000;
/** Events that are published at the same time, if each of them needs a call. */
const SINGLE_CALLS = 16;
const NOT_FOUND = 404;
const TOO_LARGE = 413;
/** daprd keeps id, source, type, subject and time of an event with this content type. */
const CONTENT_TYPE = 'application/cloudevents+json';

interface Entry {
  readonly id: string;
  /** The event. */
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

/** Whether daprd does not know the bulk API, or its configuration denies it. An unknown component is a 404 too. */
const lacksBulk = ({ status, text }: SidecarResponse): boolean => status === NOT_FOUND && !text.includes('ERR_PUBSUB');

const bulkBody = (entries: readonly Entry[]): string =>
  `[${entries.map(({ id, json }) => `{"entryId":${JSON.stringify(id)},"event":${json},"contentType":"${CONTENT_TYPE}"}`).join()}]`;

function collect(entries: readonly Entry[], response: SidecarResponse, result: Collected): void {
  const { status, text } = response;
  if (status === TOO_LARGE && entries.length === 1) return void result.refused.add(entries[0]!.id);
  const failed = new Set(parsed(text).failedEntries?.map(({ entryId }) => entryId));
  const complete = isSuccess(response) && failed.size === 0;
  if (!complete) result.fault = `${status} ${text.slice(0, 500)}`;
  // After an error without a list of failed entries, none is known to be published.
  if (complete || failed.size > 0) for (const { id } of entries) if (!failed.has(id)) result.published.add(id);
}

/** Returns a function that publishes CloudEvents. It never rejects. It does not use the SDK's `publishBulk`, which
 *  reports no failure if all events fail (dapr/js-sdk#703). */
export function daprPublisher(address: SidecarAddress) {
  const client = new SidecarClient(address);

  /** An event that fails does not keep back the others. */
  async function sendEach(topic: string, entries: readonly Entry[], result: Collected, signal: AbortSignal) {
    const waiting = entries.values();
    const sendNext = async () => {
      for (const entry of waiting) {
        const options = { body: entry.json, contentType: CONTENT_TYPE, signal };
        collect([entry], await client.send('POST', `/v1.0/publish/${PUBSUB}/${topic}`, options), result);
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: SINGLE_CALLS }, sendNext));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async function send(topic: string, entries: readonly Entry[], result: Collected, signal: AbortSignal) {
    const options = { body: bulkBody(entries), signal };
    const response = await client.send('POST', `/v1.0-alpha1/publish/bulk/${PUBSUB}/${topic}`, options);
    if (lacksBulk(response)) await sendEach(topic, entries, result, signal);
    else collect(entries, response, result);
  }

  return async (topic: string, events: readonly { readonly id: string }[]): Promise<Published> => {
    const result: Collected = { published: new Set(), refused: new Set(), fault: null };
    const entries = events.map((event) => ({ id: event.id, json: JSON.stringify(event) }));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      // One call after another. If a call fails, the remaining ones are left for the next attempt.
      for (const batch of callsOf(entries)) {
        await send(topic, batch, result, signal);
        if (result.fault !== null) break;
      }
    } catch (error) {
      result.fault = (error as Error).message;
    }
    return result;
  };
}

function parsed(text: string): Failures {
  if (text === '') return {};
  try {
    return JSON.parse(text) as Failures;
  } catch {
    return {};
  }
}
