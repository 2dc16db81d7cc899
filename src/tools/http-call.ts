// One request of a call of an HTTP tool.
import type { IncomingMessage } from 'node:http';
import { attemptOf, type Attempt, type AttemptKind } from '../domain/tools/attempts.ts';
import { ERROR_BYTES, READ_BYTES, resultOf, textOfBody, type Body } from '../domain/tools/result-text.ts';
import { idempotencyKeyOf, type HttpEndpoint, type ToolCall } from '../domain/tools/tool.ts';
import { retryAfterMs } from '../domain/retry-after.ts';
import { send, type AddressRule } from '../outbound/request.ts';
import { signedHeaders } from '../outbound/signature.ts';
import { traceparent } from '../telemetry/tracing.ts';
import { Exchange } from './exchange.ts';

/** The body of the request. The text of the arguments is not parsed and written again: the tool gets the bytes that were
 *  stored and approved. */
export function bodyOf({
  tool,
  arguments: text,
  turnId,
  userId,
  sessionId,
  assistant,
  step,
  callId,
}: ToolCall): string {
  const others = { turn_id: turnId, user_id: userId, session_id: sessionId, assistant, step, call_id: callId };
  return `{"tool":${JSON.stringify(tool.name)},"arguments":${text},${JSON.stringify(others).slice(1)}`;
}

function headersOf(call: ToolCall, body: string, { secret }: HttpEndpoint): Record<string, string> {
  const key = idempotencyKeyOf(call);
  const parent = traceparent();
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/*',
    'accept-encoding': 'identity',
    'user-agent': 'turnkeeper',
    'idempotency-key': key,
    ...(parent !== null && { traceparent: parent }),
    ...(secret !== null && signedHeaders(key, new Date(), body, [secret])),
  };
}

/** Reads at most READ_BYTES, then ends the connection. Rejects if the body breaks off before. */
async function readBody(response: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let [read, isPart] = [0, false];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    read += chunk.length;
    isPart = read > READ_BYTES;
    // Leaving the loop destroys the response.
    if (isPart) break;
  }
  const { 'content-type': contentType, 'content-encoding': contentEncoding } = response.headers;
  return { bytes: Buffer.concat(chunks).subarray(0, READ_BYTES), isPart, contentType, contentEncoding };
}

/** The statuses with a meaning of their own. Others below 500 are `refused`, those above `lost`. */
const POSTPONED = new Set([408, 425, 429]);
const kindOf = (status: number): AttemptKind => {
  if (status >= 200 && status < 300) return 'done';
  if (POSTPONED.has(status)) return 'postponed';
  return status < 500 ? 'refused' : 'lost';
};

/** How a request ended that was answered so. Rejects if the body of a 2xx breaks off. */
export async function attemptOfResponse(response: IncomingMessage): Promise<Attempt> {
  const status = response.statusCode!;
  const kind = kindOf(status);
  if (kind === 'done') {
    const body = await readBody(response);
    const text = textOfBody(body);
    if (text !== null) return { kind, ...resultOf(text, undefined, body.isPart), retryAfterMs: null };
    const type = (body.contentEncoding ?? body.contentType ?? 'unknown bytes').slice(0, 100);
    return attemptOf(
      'refused',
      `The tool answered ${status}, but its result is not text (${type}), so it cannot be read.`,
    );
  }
  const waitMs = retryAfterMs(response.headers['retry-after'], Date.now());
  // The status says enough, also if the body breaks off.
  const body = await readBody(response).catch(() => null);
  const { result, truncated } = resultOf((body && textOfBody(body)) ?? '', ERROR_BYTES, body?.isPart);
  const note = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  const text =
    result.trim() === '' ? `The tool answered ${status}${note}.` : `The tool answered ${status}${note}: ${result}`;
  return { kind, result: text, truncated, retryAfterMs: waitMs };
}

/** Sends the request of a call once. Rejects with the signal's reason if it ended the request. */
export async function callOverHttp(
  call: ToolCall,
  endpoint: HttpEndpoint,
  rule: AddressRule,
  signal: AbortSignal,
): Promise<Attempt> {
  const { effect, timeoutMs } = call.tool;
  const exchange = new Exchange(signal, effect, timeoutMs);
  try {
    const body = bodyOf(call);
    const request = { method: 'POST', url: endpoint.url, headers: headersOf(call, body, endpoint), body };
    const response = await send(request, rule, { signal: exchange.signal, onConnected: exchange.sent });
    return await attemptOfResponse(response);
  } catch (error) {
    return exchange.attemptAfter(error);
  } finally {
    exchange.end();
  }
}
