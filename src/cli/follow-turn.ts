// The events of a turn, whatever happens to the connection on the way.
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Turn } from '../../web/src/api/types.ts';
import type { Api } from './api.ts';
import { Failure, Unreachable } from './failure.ts';

export type TurnEvent =
  /** The whole turn. With status `running` the reply begins anew. */
  | { readonly event: 'turn'; readonly id: string; readonly turn: Turn }
  /** The next piece of the reply. */
  | { readonly event: 'delta'; readonly id: string; readonly text: string };

export interface FollowOptions {
  /** The last event that was seen. */
  readonly after?: string | undefined;
  readonly signal?: AbortSignal;
  /** Told when the stream was cut and will be resumed. */
  readonly onCut: () => void;
}

/** Until the server says otherwise. */
const RETRY_MS = 1_000;
/** The server's heartbeats come more often; a connection that is silent for so long is dead without having been told. */
const SILENCE_MS = 60_000;

export const isFinal = ({ status }: Turn): boolean =>
  status !== 'queued' && status !== 'running' && status !== 'awaiting_review';

/** Final, or waiting for a person. */
export const isSettled = (turn: Turn): boolean => turn.status === 'awaiting_review' || isFinal(turn);

/** Yields the turn's events up to the final one. A cut stream is resumed where it was cut, as long as the connection is
 *  not away for longer than the api's patience.
 *  @throws Unreachable, Refused; what `signal` was aborted with */
export async function* followTurn(api: Api, turnId: string, options: FollowOptions): AsyncGenerator<TurnEvent> {
  const { signal, onCut } = options;
  const parser = { retryMs: RETRY_MS };
  let after = options.after;
  for (let awaySince: number | null = null; ;) {
    let lost: Unreachable | null = null;
    try {
      for await (const event of eventsAfter(api, turnId, after, parser, signal)) {
        awaySince = null;
        if (event === null) return;
        after = event.id;
        yield event;
        if (event.event === 'turn' && isFinal(event.turn)) return;
      }
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      lost = error;
    }
    // It broke, or its server is stopping and another one will answer.
    awaySince ??= Date.now();
    if (Date.now() - awaySince > api.patienceS * 1_000)
      throw lost ?? new Unreachable('The stream of the turn ends again and again.', false);
    onCut();
    await sleep(parser.retryMs, undefined, signal ? { signal } : {});
  }
}

/** One connection; null: there is nothing after what was seen. */
async function* eventsAfter(
  api: Api,
  turnId: string,
  after: string | undefined,
  retry: { retryMs: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<TurnEvent | null> {
  const silence = new AbortController();
  const response = await api.open(`/turns/${encodeURIComponent(turnId)}/events`, {
    headers: { accept: 'text/event-stream', ...(after !== undefined && { 'last-event-id': after }) },
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  });
  if (response.status === 204) return yield null;
  if (!response.headers.get('content-type')?.startsWith('text/event-stream') || response.body === null)
    throw new Failure('failed', 'The events of the turn are answered with something else.');
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
      else if (event === 'delta') yield { event, id, text: (JSON.parse(data) as { text: string }).text };
    }
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable(`The stream of the turn broke: ${(error as Error).message}`, false);
  } finally {
    clearTimeout(watch);
  }
}
