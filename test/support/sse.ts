// A client of server-sent events. It parses them as the standard requires.
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
  /** Ends when the server ends the stream. Rejects when the connection breaks. */
  readonly events: AsyncGenerator<SseEvent, void, undefined>;
  /** The comments received so far. */
  readonly comments: string[];
  /** The value of the last `retry:` field. */
  retryMs(): number | null;
  /** Closes the connection. */
  close(): void;
}

interface Options {
  readonly lastEventId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Rethrows an error of fetch without its extra properties: ava cannot serialise them, and the whole run would fail. */
function rethrowPlain(error: unknown): never {
  const { message, cause } = error as Error;
  throw new Error(cause === undefined ? message : `${message}: ${(cause as Error).message}`);
}

/** Opens the event stream of a turn. */
export const openEvents = (base: string, turnId: string, options: Options = {}): Promise<SseStream> =>
  openStream(`${base}/turns/${turnId}/events`, options);

/** Opens an event stream. */
export async function openStream(url: string, options: Options = {}): Promise<SseStream> {
  const controller = new AbortController();
  const { lastEventId, headers = {} } = options;
  const response = await fetch(url, {
    headers: { ...headers, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
    signal: controller.signal,
  }).catch(rethrowPlain);
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

/** What an application keeps of the events: the latest turn, and the reply text since the last start of the reply. */
export class TurnView {
  readonly events: SseEvent[] = [];
  turn: TurnJson | null = null;
  text = '';
  lastEventId: string | undefined;
  /** How often the reply text started. */
  starts = 0;

  apply(event: SseEvent): void {
    this.events.push(event);
    this.lastEventId = event.id;
    if (event.event === 'delta') this.text += (JSON.parse(event.data) as { text: string }).text;
    else {
      this.turn = JSON.parse(event.data) as TurnJson;
      if (this.turn.status !== 'running') return;
      this.text = '';
      this.starts += 1;
    }
  }

  get isFinal(): boolean {
    return this.turn !== null && !['queued', 'running', 'awaiting_review'].includes(this.turn.status);
  }

  get statuses(): string[] {
    const turns = this.events.filter(({ event }) => event === 'turn');
    return turns.map(({ data }) => (JSON.parse(data) as TurnJson).status);
  }
}

/** Reads until the stream ends or `enough` returns true, then closes the connection. */
export async function read(
  base: string,
  turnId: string,
  view = new TurnView(),
  enough: (view: TurnView) => boolean = () => false,
): Promise<TurnView> {
  const open = () => openEvents(base, turnId, { lastEventId: view.lastEventId });
  let stream = await open();
  // A busy machine may answer 503: retry as `Retry-After` asks.
  for (let tries = 0; stream.status === 503 && tries < 20; tries += 1) {
    stream.close();
    await sleep(Number(stream.headers.get('retry-after')) * 1_000);
    stream = await open();
  }
  if (stream.status !== 200) throw new Error(`${stream.status}`);
  try {
    for await (const event of stream.events) {
      view.apply(event);
      if (enough(view)) break;
    }
  } catch (error) {
    rethrowPlain(error);
  }
  stream.close();
  return view;
}
