import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { FailedOutcome, HttpRequest, Step } from '../../lambdas/channels/types.ts';
import { ProviderGate } from '../../lambdas/outbound/provider-gate.ts';
import { runSteps } from '../../lambdas/outbound/run-steps.ts';
import { startProvider } from '../support/provider.ts';

const customer = await startProvider();
const provider = await startProvider();
afterAll(() => Promise.all([customer.stop(), provider.stop()]));
beforeEach(() => {
  customer.requests.length = 0;
  provider.requests.length = 0;
});

const gate = new ProviderGate({ waitFor: async () => 0, report: async () => undefined });

const step = (name: string, kind: Step['kind'], request: HttpRequest | Step['request']): Step => ({
  name,
  kind,
  request: typeof request === 'function' ? request : () => request,
  read: async ({ status, headers, bytes }) =>
    status === 200
      ? { outcome: 'done', value: { status, type: headers['content-type'], bytes } }
      : { outcome: 'failed', class: 'permanent', twilioCode: 63019, scope: 'contact' },
  placeholder: {},
});
const get = (url: string): HttpRequest => ({ method: 'GET', url, headers: {} });
const run = (...steps: Step[]) => runSteps(steps, { messageSid: 'SM1', allowLoopback: true, pass: gate.pass('XE1') });
const codeOf = (outcome: unknown) => (outcome as FailedOutcome).twilioCode;

describe('the steps before a part', () => {
  it('are made in order, each with what those before gave', async () => {
    customer.script({ body: 'the file', headers: { 'content-type': 'image/png' } });
    const upload = step('upload', 'request', (values) => {
      const { bytes } = values['file'] as { bytes: Uint8Array };
      const body = [{ name: 'media', value: bytes, filename: 'a.png', contentType: 'image/png' }];
      return { method: 'POST', url: `${provider.url}/files`, headers: {}, body };
    });
    const result = await run(step('file', 'download', get(`${customer.url}/a.png`)), upload);
    expect(result).toMatchObject({ outcome: 'done', values: { file: { type: 'image/png' }, upload: { status: 200 } } });
    expect(customer.requests[0]).toMatchObject({ method: 'GET', path: '/a.png' });
    const [request] = provider.requests;
    expect(request?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(request?.body).toContain('name="media"; filename="a.png"\r\nContent-Type: image/png\r\n\r\nthe file\r\n');
  });

  it('carry bytes that are no text exactly', async () => {
    const bytes = new Uint8Array(256).map((_, index) => index);
    const body = [{ name: 'media', value: bytes, filename: 'a.bin' }];
    await run(step('upload', 'request', { method: 'POST', url: provider.url, headers: {}, body }));
    const length = Number(provider.requests[0]?.headers['content-length']);
    const [head = '', tail = ''] = (provider.requests[0]?.body ?? '').split(/\r\n\r\n/);
    expect(head).toContain('Content-Type: application/octet-stream');
    const boundary = /boundary=(.*)$/.exec(provider.requests[0]?.headers['content-type'] ?? '')?.[1] ?? '';
    // What stands around the file is ASCII.
    expect(length - head.length - 4 - `\r\n--${boundary}--\r\n`.length).toBeGreaterThanOrEqual(256);
    expect(tail).not.toBe('');
  });

  it('end with the first that fails', async () => {
    customer.script({ status: 404 });
    const result = await run(
      step('file', 'download', get(`${customer.url}/gone`)),
      step('upload', 'request', { method: 'POST', url: `${provider.url}/files`, headers: {} }),
    );
    expect(result).toMatchObject({ outcome: 'failed', class: 'permanent', twilioCode: 63019 });
    expect(provider.requests).toHaveLength(0);
  });

  it("follow a customer's redirects, and not for ever", async () => {
    const redirect = { status: 302, headers: { location: '/there' } };
    customer.script(redirect, redirect, redirect, { body: 'x' });
    expect(await run(step('file', 'download', get(`${customer.url}/here`)))).toMatchObject({ outcome: 'done' });
    expect(customer.requests.map(({ path }) => path)).toEqual(['/here', '/there', '/there', '/there']);
    customer.script(redirect);
    expect(await run(step('file', 'download', get(`${customer.url}/here`)))).toMatchObject({ outcome: 'failed' });
  });

  it("do not follow a provider's redirects, which would carry our credentials elsewhere", async () => {
    provider.script({ status: 302, headers: { location: customer.url } });
    const result = await run(step('upload', 'request', { method: 'POST', url: provider.url, headers: {} }));
    expect(result.outcome).toBe('failed');
    expect(customer.requests).toHaveLength(0);
  });

  it.each(['http://10.0.0.1/a.png', 'http://169.254.169.254/latest/meta-data', 'http://[fd00::1]/'])(
    'do not go to an address that only the gateway can reach: %s',
    async (url) => {
      const result = await run(step('file', 'download', get(url)));
      expect(result).toMatchObject({ outcome: 'failed', class: 'retry', twilioCode: 63019 });
    },
  );

  it('do not go there by a redirect either', async () => {
    customer.script({ status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data' } });
    const result = await run(step('file', 'download', get(customer.url)));
    expect(codeOf(result)).toBe(63019);
  });

  it('may be tried again when nobody answers, whoever it is', async () => {
    customer.script('hang up');
    provider.script('hang up');
    const [download, upload] = [
      await run(step('file', 'download', get(customer.url))),
      await run(step('upload', 'request', { method: 'POST', url: provider.url, headers: {} })),
    ];
    expect(download).toMatchObject({ outcome: 'failed', class: 'retry', twilioCode: 63019 });
    expect(upload).toMatchObject({ outcome: 'failed', class: 'retry', twilioCode: 63009 });
  });

  it('pass on no file that is too large, and none that was cut', async () => {
    customer.script({ body: 'x'.repeat(25 * 1_048_576 + 1) });
    expect(await run(step('file', 'download', get(customer.url)))).toMatchObject({
      outcome: 'failed',
      class: 'permanent',
      twilioCode: 63034,
    });
  });
});
