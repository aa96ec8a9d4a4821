import { describe, expect, it, vi } from 'vitest';
import { code, passTime, refusal, startSendersApi } from '../support/senders-api.ts';

const api = await startSendersApi();
const { cloud, get, numbers, online, post, registrations, state, waiting } = api;

describe('The code', () => {
  it.each<[why: string, configuration: object, says: string[]]>([
    ['five digits', { verification_code: '12345' }, ['verification_code', 'six digits']],
    ['letters', { verification_code: 'abcdef' }, ['verification_code', 'six digits']],
    ['with a method', { verification_code: '123456', verification_method: 'sms' }, ['not both']],
    ['an unknown method', { verification_method: 'fax' }, ['sms or voice']],
    ['beside what cannot change', { verification_code: '123456', waba_id: '2' }, ['waba_id: cannot be changed']],
  ])('is refused when it is %s', async (_why, configuration, says) => {
    const sid = await waiting(cloud());
    expect(await post({ configuration }, sid)).toMatchObject(refusal(400, ...says));
    expect(await get(sid)).toMatchObject({ body: { status: 'PENDING_VERIFICATION' } });
    expect(state.answers).toEqual([]);
  });

  it('is refused before it is waited for, with the step that the registration is at', async () => {
    const letGo = api.hold('ReserveSender');
    const { body } = await post(cloud());
    expect(await post(code('123456'), body['sid'])).toMatchObject(refusal(409, 'at the step ReserveSender'));
    letGo();
    await state.wanted.promise;
  });

  it('is refused when the number is registered', async () => {
    const sid = await online(cloud());
    expect(await post(code('123456'), sid)).toMatchObject(refusal(409, 'registered already'));
  });

  it('can be given again when it was wrong', async () => {
    state.judge = 'wrong';
    const sid = await waiting(cloud());
    expect(await post(code('111111'), sid)).toMatchObject({ status: 202, body: { status: 'VERIFYING' } });
    await vi.waitFor(() => expect(state.answers).toHaveLength(1));
    await state.wanted.promise;
    state.judge = 'accepted';
    expect(await post(code('222222'), sid)).toMatchObject({ status: 202 });
    await numbers.over(sid);
    expect(state.answers).toEqual([
      { action: 'verify', code: '111111' },
      { action: 'verify', code: '222222' },
    ]);
  });

  it('counts once when it is given twice at once', async () => {
    const sid = await waiting(cloud());
    const both = await Promise.all([post(code('123456'), sid), post(code('123456'), sid)]);
    await numbers.over(sid);
    expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
    expect(state.answers).toHaveLength(1);
    expect(await get(sid)).toMatchObject({ body: { status: 'ONLINE' } });
  });

  it('is sent again on demand, in another way too, but not at once and not for ever', async () => {
    state.judge = 'wrong';
    const sid = await waiting(cloud());
    const again = { configuration: { verification_method: 'voice' } };
    expect(await post(again, sid)).toMatchObject(refusal(409, 'has just been sent', 'in 60 seconds'));
    passTime(61_000);
    // Until the next one is waited for none can be given.
    expect(await post(again, sid)).toMatchObject({ status: 202, body: { status: 'CREATING' } });
    await vi.waitFor(() => expect(state.answers).toEqual([{ action: 'resend', method: 'voice' }]));
    await state.wanted.promise;
    const { code: pending } = (await registrations.get(sid)) ?? {};
    expect(pending).toMatchObject({ method: 'voice' });
    if (pending) await registrations.update(sid, { code: { ...pending, resends: 5 } });
    expect(await post(again, sid)).toMatchObject(refusal(409, 'sent again 5 times, which is all'));
  });
});
