// The proxies of the environment. Like Node's own fetch, the model adapter uses them only with NODE_USE_ENV_PROXY.
import test from 'ava';
import { setGlobalProxyFromEnv } from 'node:http';
import { DONE, event, modelAt, request, startEndpoint, stream } from './endpoint.ts';

test('a proxy of the environment is used only with NODE_USE_ENV_PROXY', async (t) => {
  const proxy = await startEndpoint(t, (response) => stream(response, event('hello', true), DONE).end());
  process.env['http_proxy'] = proxy.origin;
  process.env['no_proxy'] = '';
  await t.throwsAsync(modelAt('http://model.invalid').complete(request()), { code: 'model_unavailable' });
  t.is(proxy.calls.length, 0);
  // As NODE_USE_ENV_PROXY=1 does at the start of a process.
  t.teardown(setGlobalProxyFromEnv());
  t.is((await modelAt('http://model.invalid').complete(request())).text, 'hello');
  t.is(proxy.calls[0]!.path, 'http://model.invalid/v1/chat/completions');
});
