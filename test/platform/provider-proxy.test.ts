import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../lambdas/channels/types.ts';
import { type Provider, startProvider } from '../support/provider.ts';

describe('With a proxy for providers', () => {
  let proxy: Provider;
  let send: typeof import('../../lambdas/platform/http.ts').send;
  let NotSentError: typeof import('../../lambdas/platform/http.ts').NotSentError;

  beforeAll(async () => {
    proxy = await startProvider();
    process.env['PROVIDER_PROXY_URL'] = proxy.url;
    process.env['PROVIDER_PROXY_HOSTS'] = 'api.provider.example sms.*.provider.example';
    // It is read when the module is loaded, as a function's environment is.
    ({ send, NotSentError } = await import('../../lambdas/platform/http.ts'));
  });

  afterAll(() => proxy.stop());

  const post = (url: string): HttpRequest => ({
    method: 'POST',
    url,
    headers: { Authorization: 'Bearer t' },
    body: '{}',
  });
  const local = { addresses: { allowLoopback: true }, timeoutMs: 5_000 };

  it.each(['https://api.provider.example/v1/send?a=1', 'https://sms.eu-west-1.provider.example/'])(
    'a request to a host that it stands in for goes there as it is: %s',
    async (url) => {
      proxy.requests.length = 0;
      expect(await send(post(url), local)).toMatchObject({ status: 200 });
      const { host } = new URL(url);
      expect(proxy.requests).toMatchObject([
        { method: 'POST', path: url, headers: { host, authorization: 'Bearer t' }, body: '{}' },
      ]);
    },
  );

  it.each(['https://api.provider.example.invalid/', 'https://xapi.provider.example/', 'https://api-provider.example/'])(
    'a request to any other host does not: %s',
    async (url) => {
      proxy.requests.length = 0;
      await expect(send(post(url), { ...local, timeoutMs: 500 })).rejects.toThrow();
      expect(proxy.requests).toEqual([]);
    },
  );

  it('a request to the machine itself goes where it says', async () => {
    const other = await startProvider();
    proxy.requests.length = 0;
    await send(post(`${other.url}/callback`), local);
    expect([other.requests.length, proxy.requests.length]).toEqual([1, 0]);
    await other.stop();
  });

  it('a host that the proxy does not reach is one that was not reached', async () => {
    proxy.script({ status: 502, headers: { 'proxy-status': 'switchboard; error=connection_refused' } });
    const sent = send(post('https://api.provider.example/'), local);
    await expect(sent).rejects.toThrow(NotSentError);
    await expect(sent).rejects.toThrow('POST api.provider.example: connection_refused');
    // Its own answers are answers, whatever a host says of itself without a proxy.
    proxy.script({ status: 502, headers: { 'proxy-status': 'switchboard' } });
    expect(await send(post('https://api.provider.example/'), local)).toMatchObject({ status: 502 });
    const other = await startProvider();
    other.script({ status: 502, headers: { 'proxy-status': 'any; error=dns_error' } });
    expect(await send(post(other.url), local)).toMatchObject({ status: 502 });
    await other.stop();
    proxy.script({ status: 200, body: {} });
  });

  it('no deployment has it: nothing in lib/ sets it', () => {
    const lib = fileURLToPath(new URL('../../lib/', import.meta.url));
    const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((path) => readFileSync(join(lib, path), 'utf8').includes('PROVIDER_PROXY'))).toEqual([]);
  });

  it('nothing goes there where loopback addresses are not allowed', async () => {
    proxy.requests.length = 0;
    const deployed = { addresses: { allowLoopback: false }, timeoutMs: 500 };
    await expect(send(post('https://api.provider.example/'), deployed)).rejects.toThrow();
    expect(proxy.requests).toEqual([]);
  });
});
