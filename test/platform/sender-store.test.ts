import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';

const aws = await startAws();
const { dynamo } = await import('../../lambdas/platform/clients.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
afterAll(async () => {
  vi.useRealTimers();
  await aws.stop();
});

const calls = vi.spyOn(dynamo, 'send');
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  calls.mockClear();
});

const sender = (address: string): Sender => ({
  sid: newSid('XE', Date.now()),
  accountSid: ROOT_ACCOUNT_SID,
  channel: 'stub',
  address,
  status: 'ONLINE',
  fields: {},
  secretId: '',
  webhookSecretHash: '',
  webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
  dateCreated: '',
  dateUpdated: '',
});

it('an address that nobody has is asked for once in two seconds', async () => {
  const store = new SenderStore('switchboard');
  for (let times = 0; times < 3; times += 1) expect(await store.byAddress('stub', '1')).toBeUndefined();
  expect(calls).toHaveBeenCalledTimes(1);
  const created = sender('1');
  await new SenderStore('switchboard').create(created);
  vi.setSystemTime(Date.now() + 2_001);
  expect(await store.byAddress('stub', '1')).toEqual(created);
});

it('an address that is taken here is found at once', async () => {
  const store = new SenderStore('switchboard');
  expect(await store.byAddress('stub', '2')).toBeUndefined();
  const created = sender('2');
  expect(await store.create(created)).toBe(true);
  expect(await store.byAddress('stub', '2')).toEqual(created);
});
