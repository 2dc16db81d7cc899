// Reads the events of a turn and reconnects when the connection is lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Turn, TurnStep } from '../../web/src/api/types.ts';
import type { Api } from './api.ts';
import { Failure, Unreachable } from './failure.ts';

/** A call of a tool. */
export type Step = Pick<TurnStep, 'step' | 'tool' | 'status'>;

export type ReceivedEvent =
  /** The whole turn. Status `running` restarts the reply text. */
  | { readonly event: 'turn'; readonly id: string; readonly turn: Turn }
  /** A call of a tool changed. */
  | ({ readonly event: 'step'; readonly id: string } & Step)
  /** The next piece of the reply text. */
  | { readonly event: 'delta'; readonly id: string; readonly text: string };

export interface FollowOptions {
  /** The id of the last received event. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal;
  /** Called when the stream is interrupted, before it is resumed. */
  readonly onDisconnect: () => void;
}

/** Before a reconnect, unless the server sends `retry`. */
const RETRY_MS = 1_000;
/** The server sends heartbeats more often. A connection that is silent for longer is lost. */
const SILENCE_MS = 60_000;

export const isFinal = ({ status }: Turn): boolean =>
  status !== 'queued' && status !== 'running' && status !== 'awaiting_review';

/** Final or awaiting review. */
export const isSettled = (turn: Turn): boolean => turn.status === 'awaiting_review' || isFinal(turn);

/** Yields the events of a turn up to the final one. An interrupted stream is resumed after the last received event,
 *  unless no connection succeeds for `api.patienceS`.
 *  @throws Unreachable, ApiError; the reason of `signal` */
export async function* followTurn(api: Api, turnId: string, options: FollowOptions): AsyncGenerator<ReceivedEvent> {
  const { signal, onDisconnect } = options;
  const retry = { retryMs: RETRY_MS };
  let after = options.after;
  for (let disconnectedSince: number | null = null; ;) {
    let failure: Unreachable | null = null;
    try {
      for await (const event of eventsAfter(api, turnId, after, retry, signal)) {
        disconnectedSince = null;
        if (event === null) return;
        after = event.id;
        yield event;
        if (event.event === 'turn' && isFinal(event.turn)) return;
      }
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      failure = error;
    }
    // The connection is lost, or this server is stopping and another one will respond.
    disconnectedSince ??= performance.now();
    if (performance.now() - disconnectedSince > api.patienceS * 1_000)
      throw failure ?? new Unreachable('The event stream of the turn closes repeatedly.', false);
    onDisconnect();
    await sleep(retry.retryMs, undefined, signal ? { signal } : {});
  }
}

/** The events of one connection. Null: there are no events after `after`. */
async function* eventsAfter(
  api: Api,
  turnId: string,
  after: string | undefined,
  retry: { retryMs: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<ReceivedEvent | null> {
  const silence = new AbortController();
  const response = await api.open(`/turns/${encodeURIComponent(turnId)}/events`, {
    headers: { accept: 'text/event-stream', ...(after !== undefined && { 'last-event-id': after }) },
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  });
  if (response.status === 204) return yield null;
  if (!response.headers.get('content-type')?.startsWith('text/event-stream') || response.body === null)
    throw new Failure('failed', 'The server did not return an event stream for the turn.');
  const watch = setTimeout(() => silence.abort(), SILENCE_MS);
  const parser = new EventSourceParserStream({
    onComment: () => watch.refresh(),
    onRetry: (ms) => {
      retry.retryMs = ms;
    },
  });
  try {
    for await (const { event, id = '', data } of response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(parser)) {
      watch.refresh();
      if (event === 'turn') yield { event, id, turn: JSON.parse(data) as Turn };
      else if (event === 'step') yield { event, id, ...(JSON.parse(data) as Step) };
      else if (event === 'delta') yield { event, id, text: (JSON.parse(data) as { text: string }).text };
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(`The event stream of the turn was interrupted: ${(error as Error).message}`, false);
  } finally {
    clearTimeout(watch);
  }
}
