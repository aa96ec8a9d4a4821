import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Registration } from '../../lambdas/domain/registration.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';

const aws = await startAws();
const { dynamo } = await import('../../lambdas/platform/clients.ts');
const { RegistrationStore } = await import('../../lambdas/platform/stores/registrations.ts');
const store = new RegistrationStore('switchboard');
afterAll(() => aws.stop());

let sid = '';
let count = 0;
beforeEach(() => {
  count += 1;
  sid = `XE${String(count).padStart(32, '0')}`;
});
const record = (attempt: number, changed: Partial<Registration> = {}): Registration => ({
  accountSid: ROOT_ACCOUNT_SID,
  senderSid: sid,
  workflow: 'device',
  attempt,
  executionArn: `arn:${attempt}`,
  state: 'running',
  step: 'ReserveSender',
  stepStartedAt: '2026-11-22T12:00:00.000Z',
  startedAt: '2026-11-22T12:00:00.000Z',
  ...changed,
});
const listed = async () => (await store.underWay()).some(({ senderSid }) => senderSid === sid);

describe('Registrations', () => {
  it('begin once: of two who begin the same one, the second is told', async () => {
    expect(await store.put(record(1))).toBe(true);
    expect(await store.put(record(1, { step: 'Other' }))).toBe(false);
    expect(await store.put(record(2), record(1))).toBe(true);
    expect(await store.put(record(2, { step: 'Other' }), record(1))).toBe(false);
    expect(await store.get(sid)).toEqual(record(2));
  });

  it('change by what is named, and only for the execution that acts', async () => {
    await store.put(record(1, { phoneNumberId: '7', certificateFetched: true }));
    const changes = { step: 'LogIn', phoneNumberId: undefined };
    expect(await store.update(sid, changes, { onlyIfExecution: 'arn:0' })).toBeUndefined();
    const expected = record(1, { step: 'LogIn', certificateFetched: true });
    expect(await store.update(sid, changes, { onlyIfExecution: 'arn:1' })).toEqual(expected);
    expect(await store.update(sid, { certificateFetched: undefined })).toEqual(record(1, { step: 'LogIn' }));
  });

  it('that are gone stay gone', async () => {
    await store.put(record(1));
    await store.remove(sid);
    expect(await store.update(sid, { step: 'LogIn' })).toBeUndefined();
    expect(await store.get(sid)).toBeUndefined();
    expect(await listed()).toBe(false);
  });

  it.each(['failed', 'done'] as const)('are listed until they are %s', async (state) => {
    await store.put(record(1));
    expect(await store.underWay()).toContainEqual({ accountSid: ROOT_ACCOUNT_SID, senderSid: sid });
    await store.update(sid, { step: 'LogIn' });
    expect(await listed()).toBe(true);
    await store.update(sid, { state });
    expect(await listed()).toBe(false);
  });

  it('stay listed when the next one has begun before the last one was struck off', async () => {
    await store.put(record(1));
    const send = dynamo.send.bind(dynamo);
    const sending = vi.spyOn(dynamo, 'send').mockImplementation((async (command: never) => {
      if ((command as object) instanceof DeleteCommand) {
        sending.mockRestore();
        expect(await store.put(record(2), record(1))).toBe(true);
      }
      return send(command);
    }) as never);
    await store.update(sid, { state: 'done' });
    expect(await store.get(sid)).toMatchObject({ attempt: 2, state: 'running' });
    expect(await listed()).toBe(true);
  });
});
