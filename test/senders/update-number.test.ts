import { describe, expect, it } from 'vitest';
import { passTime, refusal, startSendersApi } from '../support/senders-api.ts';

const api = await startSendersApi();
const { cloud, device, get, numbers, online, post, registrations, steps, waiting } = api;

describe('Changing a number', () => {
  it('its webhook changes at once, and starts nothing', async () => {
    const sid = await online(cloud());
    const answer = await post({ webhook: { callback_url: 'https://app.example/new' } }, sid);
    expect(answer).toMatchObject({ status: 202, body: { status: 'ONLINE' } });
    expect(answer.body['webhook']).toMatchObject({ callback_url: 'https://app.example/new' });
    expect(numbers.executionsOf(sid)).toHaveLength(1);
  });

  it('its mode and shards change in an execution, which knows what they were', async () => {
    const sid = await online(device());
    const letGo = api.hold('BeginUpdate');
    const wanted = { configuration: { mode: 'multiconnect', shards: '2' } };
    expect(await post(wanted, sid)).toMatchObject({
      status: 202,
      body: {
        status: 'ONLINE:UPDATING',
        configuration: { mode: 'multiconnect', shards: '2' },
        properties: { registration_step: 'BeginUpdate' },
      },
    });
    expect(await registrations.get(sid)).toMatchObject({
      state: 'updating',
      attempt: 2,
      previous: { fields: { mode: 'single', shards: '1' } },
    });
    expect(await post({ configuration: { shards: '4' } }, sid)).toMatchObject(refusal(409, 'is being changed', 'step'));
    letGo();
    await numbers.over(sid);
    expect(await get(sid)).toMatchObject({ body: { status: 'ONLINE', configuration: { mode: 'multiconnect' } } });
    // What is as it should be starts nothing.
    expect(await post(wanted, sid)).toMatchObject({ body: { status: 'ONLINE' } });
    expect(numbers.executionsOf(sid)).toHaveLength(2);
  });

  it('a change that died can be asked for again, and still knows what there was', async () => {
    const sid = await online(device());
    const start = api.breakStart();
    expect(await post({ configuration: { mode: 'high-availability' } }, sid)).toMatchObject({ status: 500 });
    start.mockRestore();
    const other = { configuration: { mode: 'multiconnect' } };
    expect(await post(other, sid)).toMatchObject(refusal(409, 'is being changed'));
    passTime(36_000);
    steps['BeginUpdate'] = async () => {
      throw new Error('died');
    };
    expect(await post(other, sid)).toMatchObject({ status: 202, body: { status: 'ONLINE:UPDATING' } });
    await numbers.over(sid);
    expect(await post({ configuration: { mode: 'single' } }, sid)).toMatchObject({ status: 202 });
    expect(await registrations.get(sid)).toMatchObject({ attempt: 4, previous: { fields: { mode: 'single' } } });
  });

  it.each<[why: string, sender: () => object, json: object, says: string[]]>([
    ['shards of a Cloud number', cloud, { configuration: { shards: '2' } }, ['shards: cannot be changed']],
    ['shards of a single device', device, { configuration: { shards: '2' } }, ['is 2', 'multiconnect']],
    ['five shards', device, { configuration: { mode: 'multiconnect', shards: 5 } }, ['shards: must be one of']],
    [
      'one device for many shards',
      () => device({ mode: 'multiconnect', shards: '8' }),
      { configuration: { mode: 'single' } },
      ['shards: is 8', 'shards 1'],
    ],
    ['no name', cloud, { profile: { name: null } }, ['profile.name: cannot be removed']],
    ['a private logo', cloud, { profile: { logo_url: 'http://127.0.0.1.nip.example:1/ x' } }, ['profile.logo_url']],
    ['its access token', cloud, { configuration: { access_token: 'y' } }, ['access_token: cannot be changed']],
  ])('is refused with %s', async (_why, sender, json, says) => {
    const sid = await online(sender());
    expect(await post(json, sid)).toMatchObject(refusal(400, ...says));
    expect(await get(sid)).toMatchObject({ body: { status: 'ONLINE' } });
  });

  it('its own rate changes at once, and starts nothing', async () => {
    const sid = await online(cloud());
    const answer = await post({ configuration: { messages_per_second: 250, burst: 250 } }, sid);
    const configuration = { messages_per_second: '250', burst: '250' };
    expect(answer).toMatchObject({ status: 202, body: { status: 'ONLINE', configuration } });
  });

  it('its shards cannot change a week after it was registered, since it would be disconnected', async () => {
    const sid = await online(device({ mode: 'multiconnect' }));
    passTime(7 * 24 * 3_600_000 + 60_000);
    const answer = await post({ configuration: { shards: '2' } }, sid);
    expect(answer).toMatchObject(refusal(400, 'for 7 days', 'delete the sender and register it again'));
    expect(await post({ configuration: { mode: 'high-availability' } }, sid)).toMatchObject({ status: 202 });
  });

  it('while it is being registered, what comes last can change, and what came first cannot', async () => {
    const sid = await waiting(device());
    const about = await post({ profile: { about: 'New' } }, sid);
    expect(about).toMatchObject({ status: 202, body: { status: 'PENDING_VERIFICATION', profile: { about: 'New' } } });
    expect(await post({ profile: { name: 'New' } }, sid)).toMatchObject(refusal(409, 'profile.name', 'wait until'));
    expect(await post({ configuration: { mode: 'multiconnect' } }, sid)).toMatchObject(refusal(409, 'mode and shards'));
  });
});
