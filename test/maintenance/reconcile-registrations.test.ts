import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, RETIRE, type Reconciling, startReconciling } from './reconciling.ts';

let the: Reconciling;
beforeAll(async () => {
  the = await startReconciling();
});
afterAll(() => the.aws.stop());
// What one test leaves is no business of the next.
beforeEach(() => the.reset());

describe('an execution that is gone', () => {
  const GONE = 'arn:aws:states:us-east-1:000000000000:execution:RegisterDevice:gone';

  it.each([
    ['ended as ABORTED', 'ABORTED'],
    ['was never started', undefined],
  ])('ends its registration with a reason: it %s', async (how, status) => {
    const sender = await the.aws.addSender({}, { executionArn: GONE, step: 'CheckDevice' });
    the.executions.set(GONE, status);
    expect(await the.reconcile()).toMatchObject({ StuckRegistrations: 0 });
    expect(await the.reconcile({ later: HOUR })).toMatchObject({ StuckRegistrations: 1 });
    expect(await the.aws.fleet.registrations.get(sender.sid)).toMatchObject({
      state: 'failed',
      failure: {
        step: 'CheckDevice',
        message: `The registration was cut off: its execution ${how}`,
        action: 'Register the number again',
      },
    });
    const shown = await the.aws.fleet.senders().get(sender.accountSid, sender.sid);
    expect(shown).toMatchObject({
      status: 'OFFLINE',
      offlineReasons: [
        { message: `CheckDevice: The registration was cut off: its execution ${how}. Register the number again.` },
      ],
    });
    expect(await the.reconcile({ later: HOUR })).toMatchObject({ StuckRegistrations: 0 });
  });

  it('gives a number that was being changed its earlier fields back', async () => {
    const sender = await the.aws.addSender(
      { mode: 'multiconnect', shards: '8' },
      { executionArn: GONE, state: 'updating', step: 'SetShards', previous: { fields: { mode: 'single' } } },
    );
    await the.aws.fleet.senders().change(sender, { status: 'ONLINE:UPDATING' });
    the.executions.set(GONE, 'TIMED_OUT');
    await the.reconcile({ later: HOUR });
    expect(await the.aws.fleet.registrations.get(sender.sid)).toMatchObject({ state: 'done' });
    const shown = await the.aws.fleet.senders().get(sender.accountSid, sender.sid);
    expect(shown).toMatchObject({ status: 'ONLINE', fields: { mode: 'single' } });
    expect(shown?.offlineReasons?.[0]?.message).toContain('Ask for the change again');
  });

  it('of a removal is started again, once an hour, because nobody else can', async () => {
    const sender = await the.aws.addSender({}, { executionArn: GONE, state: 'retiring', step: 'StopContainers' });
    the.executions.set(GONE, 'FAILED');
    await the.reconcile({ later: HOUR / 2 });
    expect(the.started).toEqual([]);
    await the.reconcile({ later: 2 * HOUR });
    expect(the.started).toEqual([`${RETIRE}:${sender.sid}-2`]);
    expect(await the.aws.fleet.registrations.get(sender.sid)).toMatchObject({
      attempt: 2,
      state: 'retiring',
      executionArn: `arn:aws:states:us-east-1:000000000000:execution:RetireNumber:${sender.sid}-2`,
    });
    await the.reconcile({ later: 2 * HOUR });
    expect(the.started).toHaveLength(1);
    await the.aws.fleet.registrations.remove(sender.sid);
  });

  it('is not what runs', async () => {
    const sender = await the.aws.addSender();
    expect(await the.reconcile({ later: 24 * HOUR })).toMatchObject({ StuckRegistrations: 0 });
    expect(await the.aws.fleet.registrations.get(sender.sid)).toMatchObject({ state: 'running' });
    await the.aws.fleet.registrations.remove(sender.sid);
  });
});
