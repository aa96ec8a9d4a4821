import { afterAll, describe, expect, it } from 'vitest';
import { startBench, type TestNumber } from './support.ts';

/*
 * What is said of a registration that failed.
 */

const bench = await startBench();
afterAll(() => bench.stop());

const device = () => bench.number({ workflow: 'device' });
const reasons = async (number: TestNumber) =>
  (await number.kept()).sender?.offlineReasons?.map(({ message }) => message);

describe('RecordFailure', () => {
  const refusal = (problem: string, action = 'Do this.') => ({
    Error: 'RegistrationRefused',
    Cause: JSON.stringify({ errorType: 'RegistrationRefused', errorMessage: `${problem}\n${action}`, trace: [] }),
  });
  const failing = async (step: string) => {
    const number = await device();
    await number.change({ step, code: { requestedAt: 'x', method: 'sms', taskToken: 't', wrong: 0, resends: 0 } });
    return number;
  };

  it.each<[what: string, error: { Error: string; Cause: string }, message: RegExp]>([
    ['a refusal', refusal('The name is bad.', 'Take another.'), /^LogIn: The name is bad\. Take another\.$/],
    [
      'trouble that did not pass',
      { Error: 'TryAgain', Cause: JSON.stringify({ errorMessage: 'Meta was not reached.' }) },
      /^LogIn: Meta was not reached\. Register the number again/,
    ],
    ['a step that took too long', { Error: 'States.Timeout', Cause: '' }, /^LogIn: This step took too long\./],
    [
      'a mistake of the gateway',
      { Error: 'TypeError', Cause: JSON.stringify({ errorMessage: 'undefined is not a function' }) },
      /^LogIn: The gateway had trouble of its own\./,
    ],
    ['a cause that is no JSON', { Error: 'Lambda.Unknown', Cause: 'Task timed out' }, /trouble of its own/],
  ])('tells of %s', async (_, error, message) => {
    const number = await failing('LogIn');
    await number.run('RecordFailure', { error });
    const { sender, record } = await number.kept();
    expect(sender?.status).toBe('OFFLINE');
    expect(await reasons(number)).toEqual([expect.stringMatching(message)]);
    expect(record).toMatchObject({ state: 'failed', step: 'LogIn', failure: { step: 'LogIn' } });
    expect(record?.code).toBeUndefined();
  });

  it('says it once when it is repeated, and adds what could not be undone', async () => {
    const number = await failing('CheckDevice');
    const first = refusal('The device is not healthy.');
    await number.run('RecordFailure', { error: first });
    const before = await number.kept();
    await number.run('RecordFailure', { error: first });
    expect({ ...(await number.kept()) }).toEqual(before);
    for (let times = 0; times < 2; times += 1)
      await number.run('RecordFailure', { error: refusal('No access to ECS.') });
    expect(await reasons(number)).toEqual([
      expect.stringMatching(/^CheckDevice: The device is not healthy\./),
      expect.stringMatching(/Undoing it failed too: No access to ECS\. .*delete the sender/),
    ]);
    expect((await number.kept()).record?.failure).toMatchObject({ message: 'The device is not healthy.' });
  });

  it('keeps saying what failed while it is undone', async () => {
    const number = await failing('CheckDevice');
    await number.run('RecordFailure', { error: refusal('The device is not healthy.') });
    await number.run('ReleasePhoneNumber');
    expect((await number.kept()).record?.step).toBe('CheckDevice');
  });

  it('leaves an updated sender online, as it was before', async () => {
    const number = await failing('CheckDevice');
    const { sender } = await number.kept();
    await number.changeSender({ status: 'ONLINE:UPDATING', fields: { ...sender?.fields, mode: 'multiconnect' } });
    await number.change({ state: 'updating', previous: { fields: { ...sender?.fields, mode: 'single' } } });
    for (let times = 0; times < 2; times += 1) await number.run('RecordFailure', { error: refusal('Not healthy.') });
    const after = await number.kept();
    expect(after.sender).toMatchObject({ status: 'ONLINE', fields: { mode: 'single' } });
    expect(await reasons(number)).toEqual([expect.stringMatching(/^CheckDevice: Not healthy\./)]);
  });
});
