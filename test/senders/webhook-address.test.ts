import { rmSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { call } from '../support/api.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';
import { startProvider } from '../support/provider.ts';

/* Where channels call an address of their own, it is theirs alone: everything else stays at the gateway's. */

const aws = await startAws();
const channels = bundleChannels();
const device = await startProvider();
process.env['WEBHOOK_URL'] = 'https://webhooks.example/';
const { handler } = await import('../../lambdas/senders/senders.lambda.ts');
afterAll(async () => {
  delete process.env['WEBHOOK_URL'];
  rmSync(channels, { recursive: true });
  await Promise.all([aws.stop(), device.stop()]);
});

const PATH = '/v2/Channels/Senders';

it('a device is told the address of webhooks', async () => {
  device.script(
    { body: { users: [{ token: 'session-token', expires_after: '2099-01-01 00:00:00+00:00' }] } },
    { body: {} },
  );
  const configuration = { url: device.url, password: 'correct horse' };
  const json = { sender_id: 'whatsapp:+15550001001', configuration };
  const { status, body } = await call(handler, { method: 'POST', path: PATH, json });
  expect(status).toBe(202);
  expect(JSON.parse(device.requests[1]?.body ?? '{}').webhooks.url).toMatch(
    new RegExp(`^https://webhooks.example/webhooks/whatsapp/${ROOT_ACCOUNT_SID}/${body['sid']}/`),
  );
  expect(body['url']).toBe(`http://gateway.example${PATH}/${body['sid']}`);
});

it('a URL to paste starts with the address of webhooks, in every answer', async () => {
  const configuration = { url: device.url, token: 't', app_secret: 's', verify_token: 'v' };
  device.script({ body: { success: true } }, { body: { success: true } });
  const json = { sender_id: 'messenger:1', configuration };
  const { status, body } = await call(handler, { method: 'POST', path: PATH, json });
  expect({ status, body }).toMatchObject({ status: 202 });
  const prefix = `https://webhooks.example/webhooks/messenger/${ROOT_ACCOUNT_SID}/${body['sid']}/`;
  expect(body['properties']).toMatchObject({ webhook_url: expect.stringContaining(prefix) });
  const fetched = await call(handler, { path: `${PATH}/${body['sid']}` });
  expect(fetched.body).toMatchObject({ properties: { webhook_url: `${prefix}{secret}` } });
});
