// Reads a streamed response of the model endpoint: server-sent events with a JSON value each, up to `[DONE]`.
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { APIError } from 'openai';
import { ModelError } from './model.ts';
import { bodyOf, type Body } from './transport.ts';

/** Maximum length of one event in UTF-16 units. */
const EVENT_LIMIT = 4 * 1024 * 1024;
/** Milliseconds to wait for the end of a response after its last event. */
const END_MS = 1000;

/** The value of an event. @throws APIError if it reports an error, as the SDK does; SyntaxError if it is not JSON */
function valueOf({ event, data }: EventSourceMessage, headers: Headers): unknown {
  let value: { readonly error?: object } | null;
  try {
    value = JSON.parse(data) as typeof value;
  } catch {
    // The error of JSON.parse contains text of the reply.
    throw new SyntaxError('An event of the stream is not JSON.');
  }
  if (event === 'error' || value?.error) throw new APIError(undefined, value?.error ?? value ?? {}, undefined, headers);
  return value;
}

/** Waits for the end of a response after its last event, so that its connection is used again. */
function awaitEnd(body: Body): void {
  const timer = setTimeout(() => body.destroy(), END_MS);
  void body.dump().then(() => clearTimeout(timer));
}

/** Calls `onValue` with the value of each event, and returns after the last one, without waiting for the end of the
 *  response. A response that was not read to its end, for any reason, loses its connection.
 *  @throws what `onValue` throws, ModelError, APIError, SyntaxError, and errors of the connection */
export async function readValues(response: Response, onValue: (value: unknown) => void): Promise<void> {
  const body = bodyOf(response);
  const decoder = new TextDecoder();
  let done = false;
  const parser = createParser({
    maxBufferSize: EVENT_LIMIT,
    onEvent: (event) => {
      done ||= event.data === '[DONE]';
      if (!done) onValue(valueOf(event, response.headers));
    },
    onError: ({ type }) => {
      if (type !== 'max-buffer-size-exceeded') return;
      const detail = `the model endpoint sent an event of more than ${EVENT_LIMIT} characters`;
      throw new ModelError('model_malformed_reply', detail, { retryable: true });
    },
  });
  try {
    for await (const bytes of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      if (done) return awaitEnd(body);
    }
    // Some endpoints do not end their last event with an empty line.
    parser.feed(`${decoder.decode()}\n\n`);
  } catch (error) {
    // Destroying emits an error that has no listener any more.
    body.on('error', () => {}).destroy();
    throw error;
  }
}
