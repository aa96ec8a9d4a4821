import process from 'node:process';
import { describe, expect, it, vi } from 'vitest';
import { isLocal, local } from './support/local.ts';
import { atMeta, NumberOwner } from './support/numbers.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** Many processes are started at once; a busy machine is no failure. */
const PATIENCE = 90 * SECOND;
const waiting = { timeout: 30 * SECOND, interval: 100 };

const single = { mode: 'single' };

/** Sends a signal to every container as soon as it runs, until the registration is given up. */
async function signalContainers(owner: NumberOwner, signal: NodeJS.Signals): Promise<void> {
  const signalled = new Set<number>();
  await vi.waitUntil(
    async () => {
      for (const { pid } of await local.tasks(owner.sid)) {
        if (pid === undefined || signalled.has(pid)) continue;
        signalled.add(pid);
        process.kill(pid, signal);
      }
      return (await local.executions(owner.sid)).at(-1)?.states.includes('RecordFailure');
    },
    { ...waiting, interval: 20 },
  );
}

// Functions are killed here while others use them: no registration may notice more than a pause.
describe.runIf(isLocal)('A registration that meets trouble', { timeout: PATIENCE }, () => {
  it.concurrent('takes the right code after three wrong ones', async () => {
    const owner = await NumberOwner.create();
    await owner.register(single);
    for (const [tries, left] of [4, 3, 2].entries()) {
      await owner.untilCodeIsWanted(tries + 1);
      expect(await owner.giveWrongCode()).toMatchObject({ status: 'VERIFYING' });
      const { offlineReasons } = await owner.untilCodeIsWanted(tries + 2);
      expect(offlineReasons?.[0]).toMatchObject({
        code: '63111',
        message: expect.stringMatching(`^VerifyCode: The code is wrong. .*; ${left} more`),
      });
    }
    await owner.giveRightCode();
    expect(await local.over(owner.sid)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await owner.fetch()).toMatchObject({ status: 'ONLINE', offlineReasons: null });
  });

  it.concurrent('has another code sent, by voice, no sooner than a minute after the first', async () => {
    const owner = await NumberOwner.create();
    await owner.register(atMeta);
    await owner.untilCodeIsWanted();
    const byVoice = () => owner.update({ verificationMethod: 'voice' });
    await expect(byVoice()).rejects.toMatchObject({ status: 409, message: expect.stringContaining('seconds') });
    await local.age(owner.sid, MINUTE);
    await byVoice();
    const [first, second] = await owner.codes(2);
    expect([first?.method, second?.method]).toEqual(['SMS', 'VOICE']);
    await owner.untilCodeIsWanted(2);
    await owner.giveRightCode();
    expect(await local.over(owner.sid)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await owner.fetch()).toMatchObject({ status: 'ONLINE' });
  });

  it.concurrent('is OFFLINE when nobody gives the code within a day, and starts anew when it is asked for again', async () => {
    const owner = await NumberOwner.create();
    const { sid } = await owner.register(atMeta);
    await owner.untilCodeIsWanted();
    await local.timeOut(sid);
    expect(await local.over(sid)).toMatchObject({ status: 'FAILED', error: 'RegistrationRefused' });
    const { status, offlineReasons } = await owner.fetch();
    expect(status).toBe('OFFLINE');
    expect(offlineReasons?.[0]).toMatchObject({
      code: '63111',
      message: expect.stringMatching(/^WaitForCode: Nobody gave the code within a day\. \S/),
    });
    expect(await owner.register(atMeta)).toMatchObject({ sid, status: 'CREATING' });
    expect(await owner.answerCode()).toMatchObject({ status: 'ONLINE', offlineReasons: null });
  });

  it.concurrent('is OFFLINE when Meta declines the name, and says what to do', async () => {
    const owner = await NumberOwner.create();
    await owner.graph('POST', '/declined-names', { name: owner.name });
    const { sid } = await owner.register(single);
    expect(await local.over(sid)).toMatchObject({ machine: 'RegisterDevice', status: 'FAILED' });
    const { status, offlineReasons } = await owner.fetch();
    expect(status).toBe('OFFLINE');
    expect(offlineReasons?.[0]).toMatchObject({
      code: '63111',
      message: `CheckDisplayName: Meta has declined the display name "${owner.name}". Change it in WhatsApp Manager to one that follows the rules for display names, then register the number again.`,
    });
    expect(await owner.containers()).toEqual([]);
    await owner.remove();
    expect(await owner.traces()).toEqual([]);
  });

  it.concurrent('ends ONLINE though the functions of its steps are killed halfway', async () => {
    const owner = await NumberOwner.create();
    // Meta answers slowly, so that the function is killed while it waits for the number to be added.
    const match = { path: `/${owner.wabaId}/phone_numbers`, method: 'POST' };
    await owner.graph('POST', '/faults', { match, count: 1, action: { delayMs: 2 * SECOND } });
    await owner.register(single);
    const [isRegisterKilled, ...isFleetKilled] = await local.killDuring(owner.sid, [
      { state: 'AddPhoneNumber', name: 'Register' },
      { state: 'CreateDatabase', name: 'Fleet' },
      { state: 'CreateMediaVolume', name: 'Fleet' },
      { state: 'StartContainers', name: 'Fleet' },
    ]);
    expect(isRegisterKilled).toBe(true);
    // They are quick, so one or the other may be done before it is killed.
    expect(isFleetKilled).toContain(true);
    expect(await owner.answerCode()).toMatchObject({ status: 'ONLINE' });
  });

  it.concurrent.each([
    ['exit as soon as they start', 'SIGKILL', 0, 'circuit breaker'],
    ['never answer', 'SIGSTOP', 21 * MINUTE, 'web: 1 of 1 containers run'],
  ] as const)('is OFFLINE and undone when its containers %s', async (_, signal, patience, reason) => {
    const owner = await NumberOwner.create();
    await owner.register(single);
    await local.reached(owner.sid, 'WaitForContainers');
    const given = signalContainers(owner, signal);
    if (patience > 0) {
      // It looks again, and finds that it has waited for as long as it ever does.
      await local.reached(owner.sid, 'WaitForContainers', 3);
      await local.age(owner.sid, patience);
    }
    await given;
    expect(await local.over(owner.sid)).toMatchObject({ status: 'FAILED', error: 'RegistrationRefused' });
    const { status, offlineReasons } = await owner.fetch();
    expect(status).toBe('OFFLINE');
    expect(offlineReasons?.[0]?.message).toMatch(/^StartContainers: The containers of the number did not get up \(/);
    expect(offlineReasons?.[0]?.message).toContain(reason);
    expect(offlineReasons?.[0]?.message).toContain('then register the number again.');
    expect(await owner.containers()).toEqual([]);
  });

  it.concurrent.each([
    ['on a device', single],
    ['at Meta', atMeta],
  ])('leaves nothing when it is deleted while the code is waited for: %s', async (_, configuration) => {
    const owner = await NumberOwner.create();
    await owner.register(configuration);
    await owner.untilCodeIsWanted();
    expect(await owner.remove()).toMatchObject({ machine: 'RetireNumber', status: 'SUCCEEDED' });
    const machines = (await local.executions(owner.sid)).map(({ status }) => status);
    expect(machines).toEqual(['ABORTED', 'SUCCEEDED']);
    await expect(owner.fetch()).rejects.toMatchObject({ status: 404 });
    expect(await owner.traces()).toEqual([]);
  });

  it.concurrent('is refused with 409 while another one of the number runs', async () => {
    const owner = await NumberOwner.create();
    const answers = await Promise.allSettled([owner.register(atMeta), owner.register(atMeta)]);
    const won = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const lost = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    expect(won).toMatchObject([{ status: 'CREATING' }]);
    expect(lost).toMatchObject([{ status: 409, message: expect.stringContaining(owner.address) }]);
    await owner.answerCode();
    expect(await owner.fetch()).toMatchObject({ status: 'ONLINE' });
    expect((await owner.list()).filter(({ senderId }) => senderId === owner.address)).toHaveLength(1);
  });
});
