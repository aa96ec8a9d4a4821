import { rmSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { call } from '../support/api.ts';
import { startAws } from '../support/aws.ts';
import { bundleChannels } from '../support/channels.ts';
import { type Script, startProvider } from '../support/provider.ts';

/* What a provider, and the gateway itself, still know of a sender that was made with credentials and then deleted. */

const aws = await startAws();
const channels = bundleChannels();
const provider = await startProvider();
const { handler } = await import('../../lambdas/senders/senders.lambda.ts');
afterAll(async () => {
  rmSync(channels, { recursive: true });
  await Promise.all([aws.stop(), provider.stop()]);
});
beforeEach(() => {
  provider.requests.length = 0;
});

const SENDERS = '/v2/Channels/Senders';
const TAKEN: Script = { body: { status: 0 } };

async function create(json: object): Promise<string> {
  const { status, body } = await call(handler, { method: 'POST', path: SENDERS, json });
  expect({ status, body }).toMatchObject({ status: 202, body: { status: 'ONLINE' } });
  return String(body['sid']);
}
const remove = async (sid: string) => (await call(handler, { method: 'DELETE', path: `${SENDERS}/${sid}` })).status;
const itemsOf = async (sid: string) => (await aws.items()).filter((item) => JSON.stringify(item).includes(sid));

describe('Deleting a sender', () => {
  const viber = () => ({
    sender_id: 'viber:shopbot',
    configuration: { url: provider.url, name: 'Shop', token: 'a-token' },
  });

  it('takes its webhook back, where the channel’s spec says how', async () => {
    provider.script(TAKEN);
    const sid = await create(viber());
    expect(await remove(sid)).toBe(204);
    const [set, taken] = provider.requests;
    expect(provider.requests).toHaveLength(2);
    expect(JSON.parse(set?.body ?? '')).toMatchObject({ url: expect.stringContaining(sid) });
    expect(taken).toMatchObject({ path: '/pa/set_webhook', body: JSON.stringify({ url: '' }) });
    expect(taken?.headers['x-viber-auth-token']).toBe('a-token');
  });

  it.each<[why: string, script: Script]>([
    ['hangs up', 'hang up'],
    ['refuses', { status: 401, body: { status: 2, status_message: 'invalidAuthToken' } }],
    ['refuses inside an HTTP 200', { body: { status: 2, status_message: 'invalidAuthToken' } }],
  ])('goes on when the provider %s', async (_why, script) => {
    provider.script(TAKEN, script);
    const sid = await create(viber());
    expect(await remove(sid)).toBe(204);
    expect(provider.requests).toHaveLength(2);
    expect(await itemsOf(sid)).toEqual([]);
  });

  it('forgets when its session was to be renewed', async () => {
    const expires = new Date(Date.now() + 7 * 24 * 3_600_000).toISOString().replace('T', ' ').replace('Z', '+00:00');
    provider.script({ body: { users: [{ token: 'session-token', expires_after: expires }] } }, { body: {} });
    const sid = await create({
      sender_id: 'whatsapp:+15550007001',
      configuration: { url: provider.url, password: 'correct horse' },
    });
    expect((await itemsOf(sid)).map(({ dueAt }) => dueAt)).toContainEqual(expect.any(Number));
    expect(await remove(sid)).toBe(204);
    expect(await itemsOf(sid)).toEqual([]);
    // The device keeps its settings: they are its owner's.
    expect(provider.requests).toHaveLength(2);
  });
});
