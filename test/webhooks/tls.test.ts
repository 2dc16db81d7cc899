import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import test from 'ava';
import { post } from '../../src/webhooks/post.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { Owner } from '../support/owner.ts';

/** Node cannot create certificates, so the test needs openssl. */
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const check = hasOpenssl ? test : test.skip;

async function startTlsReceiver(t: Owner) {
  const folder = temporaryFolder(t);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const request =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=receiver.example';
  const names = ['-addext', 'subjectAltName=DNS:receiver.example'];
  execFileSync('openssl', [...request.split(' '), ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const hosts: (string | undefined)[] = [];
  const options = { key: readFileSync(key), cert: readFileSync(cert) };
  const server = createServer(options, (request, response) => {
    hosts.push(request.headers.host);
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { port: (server.address() as AddressInfo).port, hosts, certificate: options.cert.toString() };
}

check('the certificate must be trusted and match the host name in the URL', async (t) => {
  const { port, hosts, certificate } = await startTlsReceiver(t);
  const deps = { allowPrivate: true, resolve: async () => ['127.0.0.1'] };
  const send = (host: string) => post({ url: `https://${host}:${port}/hook`, headers: {}, body: '{}' }, deps);
  const unknown = await send('receiver.example');
  t.is(unknown.status, null);
  t.regex(unknown.error!, /SELF_SIGNED/);
  // This changes only the process of this test file.
  setDefaultCACertificates([...getCACertificates('default'), certificate]);
  t.deepEqual(await send('receiver.example'), { status: 204, error: null });
  t.regex((await send('other.example')).error!, /ERR_TLS_CERT_ALTNAME_INVALID/);
  t.deepEqual(hosts, [`receiver.example:${port}`]);
});
