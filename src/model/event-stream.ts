// Reads a streamed response of the model endpoint: server-sent events with a JSON value each, up to `[DONE]`.
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { APIError } from 'openai';
import { ModelError } from './model.ts';
import type { BytesReader } from './streamed-call.ts';

/** Maximum length of one event in UTF-16 units. */
const EVENT_LIMIT = 4 * 1024 * 1024;

/** The value of an event. @throws APIError if it reports an error, as the SDK does; SyntaxError if it is not JSON */
function valueOf({ event, data }: EventSourceMessage, headers: () => Headers): unknown {
  let value: { readonly error?: object } | null;
  try {
    value = JSON.parse(data) as typeof value;
  } catch {
    // The error of JSON.parse contains text of the reply.
    throw new SyntaxError('An event of the stream is not JSON.');
  }
  if (event === 'error' || value?.error)
    throw new APIError(undefined, value?.error ?? value ?? {}, undefined, headers());
  return value;
}

/** Calls `onValue` with the value of each event up to the last one. `headers`: of the response. The reader throws what `onValue` throws, ModelError,
 *  APIError and SyntaxError. */
export function eventReader(onValue: (value: unknown) => void, headers: () => Headers): BytesReader {
  const decoder = new TextDecoder();
  let done = false;
  const parser = createParser({
    maxBufferSize: EVENT_LIMIT,
    onEvent: (event) => {
      done ||= event.data === '[DONE]';
      if (!done) onValue(valueOf(event, headers));
    },
    onError: ({ type }) => {
      if (type !== 'max-buffer-size-exceeded') return;
      const detail = `the model endpoint sent an event of more than ${EVENT_LIMIT} characters`;
      throw new ModelError('model_malformed_reply', detail, { retryable: true });
    },
  });
  return {
    read(bytes) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      return done;
    },
    end() {
      // Some endpoints do not end their last event with an empty line.
      parser.feed(`${decoder.decode()}\n\n`);
    },
  };
}
