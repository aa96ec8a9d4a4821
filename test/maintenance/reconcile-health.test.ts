import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceRole } from '../../lambdas/domain/device-names.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { answer, connected, HOUR, type Reconciling, startReconciling } from './reconciling.ts';

let the: Reconciling;
let NotSent: typeof import('../../lambdas/platform/http.ts').NotSentError;
beforeAll(async () => {
  the = await startReconciling();
  ({ NotSentError: NotSent } = await import('../../lambdas/platform/http.ts'));
});
afterAll(() => the.aws.stop());
// What one test leaves is no business of the next.
beforeEach(() => the.reset());

describe('a device that is unwell', () => {
  const down = () => answer({ health: { gateway_status: 'disconnected' } });
  const running = (sender: Sender, role: DeviceRole) =>
    the
      .service(sender, role)
      .tasks()
      .filter(({ desiredStatus }) => desiredStatus === 'RUNNING')
      .map(({ id }) => id);

  it.each([
    ['its coreapp, when it is not connected', down, 'coreapp'],
    [
      'its coreapp, when the web cannot reach it',
      () => answer({ errors: [{ code: 1014, title: 'Internal error' }] }, 500),
      'coreapp',
    ],
    [
      'its web, when nobody answers',
      () => {
        throw new NotSent('connection refused');
      },
      'web',
    ],
  ] as const)('has one container restarted, once it lasts: %s', async (_, unwell, role) => {
    const sender = await the.onlineNumber();
    the.health = unwell;
    const other = role === 'web' ? 'coreapp' : 'web';
    const before = { [role]: running(sender, role), [other]: running(sender, other) };
    expect(await the.reconcile()).toMatchObject({ DevicesDown: 0 });
    expect(await the.reconcile({ later: 15 * 60_000 })).toMatchObject({ DevicesDown: 0 });
    expect(running(sender, role)).toEqual(before[role]);
    await the.reconcile({ later: 30 * 60_000 });
    expect(running(sender, role)).not.toEqual(before[role]);
    expect(running(sender, other)).toEqual(before[other]);
    await expect.poll(() => running(sender, role).length, { timeout: 10_000 }).toBe(1);
  });

  it('is well again, and its trouble forgotten', async () => {
    const sender = await the.onlineNumber();
    the.health = down;
    await the.reconcile();
    expect((await the.aws.fleet.devices.get(sender.sid))?.trouble).toMatchObject({ restarts: 0 });
    the.health = connected;
    await the.reconcile({ later: HOUR });
    expect((await the.aws.fleet.devices.get(sender.sid))?.trouble).toBeUndefined();
  });

  it('is restarted three times and then reported with every run', async () => {
    const sender = await the.onlineNumber();
    the.health = down;
    const downAfter: number[] = [];
    for (let hours = 0; hours <= 5; hours += 1) {
      const { DevicesDown } = await the.reconcile({ later: hours * HOUR });
      downAfter.push(DevicesDown);
      await expect
        .poll(
          () =>
            the
              .service(sender, 'coreapp')
              .tasks()
              .filter(({ isSteady }) => isSteady).length,
          { timeout: 10_000 },
        )
        .toBe(1);
    }
    expect(downAfter).toEqual([0, 0, 0, 0, 1, 1]);
    expect(await the.aws.fleet.devices.get(sender.sid)).toMatchObject({ trouble: { restarts: 3 } });
  });

  it.each([
    ['signed off by WhatsApp', () => answer({ health: { gateway_status: 'unregistered' } })],
    ['refusing the key', () => answer({ errors: [{ code: 1005 }] }, 401)],
  ])('is only reported where no restart can help: %s', async (_, unwell) => {
    const sender = await the.onlineNumber();
    the.health = unwell;
    const before = [running(sender, 'web'), running(sender, 'coreapp')];
    await the.reconcile();
    expect(await the.reconcile({ later: HOUR })).toMatchObject({ DevicesDown: 1 });
    expect([running(sender, 'web'), running(sender, 'coreapp')]).toEqual(before);
  });
});
