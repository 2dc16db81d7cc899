// The connections to the model endpoint, and the `fetch` of the openai SDK over them: without the web streams and checks
// of Node's own fetch, which cost more than the rest of a call (docs/decisions/0029-model-transport.md).
import http from 'node:http';
import { Agent, EnvHttpProxyAgent, interceptors, request, type Dispatcher } from 'undici';

/** What the SDK passes to `fetch`. */
interface Call {
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Headers;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** As many as Node's own fetch follows. */
const MAX_REDIRECTS = 20;

/** Connections without timeouts for responses, because the deadline of an attempt includes its response. Their number
 *  is the number of calls that run at the same time. */
export function connections(): Dispatcher {
  const options = { headersTimeout: 0, bodyTimeout: 0 };
  // Like Node's own fetch, use the proxies of the environment only with NODE_USE_ENV_PROXY.
  const { proxyEnv } = (http.globalAgent as unknown as { readonly options: http.AgentOptions }).options;
  const agent = proxyEnv ? new EnvHttpProxyAgent(options) : new Agent(options);
  return agent.compose(
    interceptors.redirect({ maxRedirections: MAX_REDIRECTS }),
    // No compression is asked for, but some proxies compress all the same.
    interceptors.decompress({ skipErrorResponses: false }),
  );
}

/** Returns a `fetch` over these connections. A response has the members that the SDK uses for a body that it reads to its
 *  end; then the connection is free again. */
export function fetchOver(dispatcher: Dispatcher): typeof fetch {
  const call = async (url: string, { method, headers, body, signal }: Call) => {
    const response = await request(url, {
      dispatcher,
      method,
      // Bodies are not decompressed here.
      headers: { ...Object.fromEntries(headers), 'accept-encoding': 'identity' },
      body,
      signal,
    });
    return {
      ok: response.statusCode >= 200 && response.statusCode < 300,
      status: response.statusCode,
      headers: new Headers(response.headers as Record<string, string>),
      body: response.body,
      text: () => response.body.text(),
    };
  };
  return call as unknown as typeof fetch;
}
