import { describe, expect, it } from 'vitest';
import { code, refusal, startSendersApi } from '../support/senders-api.ts';

const api = await startSendersApi();
const { aws, cloud, device, get, numbers, online, played, post, registrations, remove, steps, waiting } = api;

describe('Removing a number', () => {
  it('in the middle of its registration hides it at once, and names what is to be stopped', async () => {
    const letGo = api.hold('StopRegistration');
    const sid = await waiting(cloud());
    expect(await remove(sid)).toMatchObject({ status: 204 });
    expect(await get(sid)).toMatchObject({ status: 404 });
    expect(await remove(sid)).toMatchObject({ status: 404 });
    expect(await post(code('123456'), sid)).toMatchObject({ status: 404 });
    expect(await registrations.get(sid)).toMatchObject({
      state: 'retiring',
      attempt: 2,
      step: 'StopRegistration',
      supersededArn: expect.stringMatching(/:execution:RegisterCloudNumber:XE\w+-1$/),
      executionArn: expect.stringMatching(/:execution:RetireNumber:XE\w+-2$/),
    });
    // The address stays taken, by what is said to be going.
    expect(await post(cloud())).toMatchObject(refusal(409, 'is being removed; try again in some minutes'));
    expect(await post(device())).toMatchObject(refusal(409, 'is being removed'));
    letGo();
    await numbers.over(sid);
    const next = await post(cloud());
    expect(next).toMatchObject({ status: 202 });
    expect(next.body['sid']).not.toBe(sid);
  });

  it('that could not be started is asked for again', async () => {
    const sid = await online(cloud());
    const start = api.breakStart();
    expect(await remove(sid)).toMatchObject({ status: 500 });
    start.mockRestore();
    expect(await get(sid)).toMatchObject({ status: 200 });
    expect(await remove(sid)).toMatchObject({ status: 204 });
    expect(await get(sid)).toMatchObject({ status: 404 });
    await numbers.over(sid);
    expect(numbers.executionsOf(sid)).toEqual(['RegisterCloudNumber SUCCEEDED', 'RetireNumber SUCCEEDED']);
    expect((await aws.items()).filter((item) => JSON.stringify(item).includes(sid))).toEqual([]);
  });

  it.each<[who: string, ask: (sid: string) => Promise<{ status: number }>, status: number]>([
    ['wants the number', () => post(cloud()), 409],
    ['deletes it once more', remove, 404],
  ])('that died goes on when somebody %s', async (_who, ask, status) => {
    steps['StopRegistration'] = async () => {
      throw new Error('died');
    };
    const sid = await online(cloud());
    expect(await remove(sid)).toMatchObject({ status: 204 });
    await numbers.over(sid);
    expect(await get(sid)).toMatchObject({ status: 404 });
    Object.assign(steps, played);
    expect(await ask(sid)).toMatchObject({ status });
    await numbers.over(sid);
    expect(await post(cloud())).toMatchObject({ status: 202 });
    expect(numbers.executionsOf(sid).slice(-2)).toEqual(['RetireNumber FAILED', 'RetireNumber SUCCEEDED']);
  });
});
