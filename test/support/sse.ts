// A reader of server-sent events, as the standard says clients parse them.
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { TurnJson } from './client.ts';

export interface SseEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

export interface SseStream {
  readonly status: number;
  readonly headers: Headers;
  /** Ends when the server ends it; rejects when the connection breaks. */
  readonly events: AsyncGenerator<SseEvent, void, undefined>;
  /** Comments so far. */
  readonly comments: string[];
  /** As the last `retry:` said. */
  retryMs(): number | null;
  /** Hangs up. */
  close(): void;
}

interface Options {
  readonly lastEventId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** ava's report of a failure, and with it the run, breaks at what fetch puts into its errors. */
function plainly(error: unknown): never {
  const { message, cause } = error as Error;
  throw new Error(cause === undefined ? message : `${message}: ${(cause as Error).message}`);
}

/** Opens the events of a turn. */
export const openEvents = (base: string, turnId: string, options: Options = {}): Promise<SseStream> =>
  openStream(`${base}/turns/${turnId}/events`, options);

/** Opens any stream of events. */
export async function openStream(url: string, options: Options = {}): Promise<SseStream> {
  const controller = new AbortController();
  const { lastEventId, headers = {} } = options;
  const response = await fetch(url, {
    headers: { ...headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    signal: controller.signal,
  }).catch(plainly);
  const comments: string[] = [];
  let retry: number | null = null;
  async function* parse(): AsyncGenerator<SseEvent, void, undefined> {
    if (!response.body) return;
    const parser = new EventSourceParserStream({
      onComment: (comment) => comments.push(comment),
      onRetry: (ms) => {
        retry = ms;
      },
    });
    const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(parser);
    for await (const { event = 'message', id = '', data } of events) yield { event, id, data };
  }
  return {
    status: response.status,
    headers: response.headers,
    events: parse(),
    comments,
    retryMs: () => retry,
    close: () => controller.abort(),
  };
}

/** What an application keeps of the events: the latest turn, and the text since it last began anew. */
export class Reading {
  readonly events: SseEvent[] = [];
  turn: TurnJson | null = null;
  text = '';
  lastEventId: string | undefined;
  /** How often the text began. */
  begun = 0;

  take(event: SseEvent): void {
    this.events.push(event);
    this.lastEventId = event.id;
    if (event.event === 'delta') this.text += (JSON.parse(event.data) as { text: string }).text;
    else {
      this.turn = JSON.parse(event.data) as TurnJson;
      if (this.turn.status !== 'running') return;
      this.text = '';
      this.begun += 1;
    }
  }

  get isOver(): boolean {
    return this.turn !== null && !['queued', 'running', 'awaiting_review'].includes(this.turn.status);
  }

  get statuses(): string[] {
    const turns = this.events.filter(({ event }) => event === 'turn');
    return turns.map(({ data }) => (JSON.parse(data) as TurnJson).status);
  }
}

/** Reads until the stream ends, or until `enough` says so; then hangs up. */
export async function read(
  base: string,
  turnId: string,
  reading = new Reading(),
  enough: (reading: Reading) => boolean = () => false,
): Promise<Reading> {
  const open = () => openEvents(base, turnId, { lastEventId: reading.lastEventId });
  let stream = await open();
  // A machine that does much else at the same time: as `Retry-After` asks.
  for (let tries = 0; stream.status === 503 && tries < 20; tries += 1) {
    stream.close();
    await sleep(Number(stream.headers.get('retry-after')) * 1_000);
    stream = await open();
  }
  if (stream.status !== 200) throw new Error(`${stream.status}`);
  try {
    for await (const event of stream.events) {
      reading.take(event);
      if (enough(reading)) break;
    }
  } catch (error) {
    plainly(error);
  }
  stream.close();
  return reading;
}
