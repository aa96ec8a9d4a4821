import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Rate } from '../../lambdas/domain/pacing.ts';
import { startAws } from '../support/aws.ts';

const aws = await startAws();
const { PacingStore } = await import('../../lambdas/platform/stores/pacing.ts');
afterAll(() => aws.stop());

const table = process.env['TABLE_NAME'] ?? '';
const START = 1_700_000_000_000;
const DEVICE: Rate = { perSecond: 20, burst: 60 };
let senders = 0;
const newSender = () => `XE${senders++}`;

/** The provider's side: a bucket of `burst` tokens that refills at the rate. True when it would have refused a request. */
function overflows(times: number[], rate: Rate): boolean {
  let tokens = rate.burst;
  let last = times[0] ?? 0;
  return [...times]
    .sort((left, right) => left - right)
    .some((at) => {
      tokens = Math.min(rate.burst, tokens + ((at - last) * rate.perSecond) / 1_000);
      last = at;
      tokens -= 1;
      return tokens < -1e-6;
    });
}

describe('reserving slots', () => {
  it('opens a burst at once for a sender that was idle', async () => {
    const reservation = await new PacingStore(table).reserve(newSender(), 10, DEVICE, START);
    expect(reservation).toMatchObject({ slots: Array(10).fill(START) });
  });

  it('spaces slots by the interval once the burst is used', async () => {
    const sender = newSender();
    const store = new PacingStore(table);
    for (let batch = 0; batch < 5; batch += 1) await store.reserve(sender, 10, DEVICE, START);

    const reservation = await store.reserve(sender, 10, DEVICE, START);

    if (!('slots' in reservation)) throw new Error('expected slots');
    // 54 slots of the 60 are given out at once; the tenth that is kept back absorbs the network's jitter.
    const waits = reservation.slots.map((slot) => slot - START);
    expect(waits).toEqual([0, 0, 0, 0, 50, 100, 150, 200, 250, 300]);
  });

  it('gives out nothing further ahead than it is asked for, and reserves nothing then', async () => {
    const sender = newSender();
    const store = new PacingStore(table);
    for (let batch = 0; batch < 7; batch += 1) await store.reserve(sender, 10, DEVICE, START, 1_000);

    const refused = await store.reserve(sender, 10, DEVICE, START, 1_000);
    expect(refused).toMatchObject({ waitMs: 850 });
    expect(await store.reserve(sender, 10, DEVICE, START, 1_000)).toEqual(refused);
    expect(await store.reserve(sender, 10, DEVICE, START + 850, 1_000)).toMatchObject({ slots: expect.any(Array) });
  });

  it('writes once per batch, whether the sender is idle or busy', async () => {
    const sender = newSender();
    const store = new PacingStore(table);
    const { dynamo } = await import('../../lambdas/platform/clients.ts');
    let writes = 0;
    const count = (next: (args: never) => Promise<never>) => (args: never) => {
      writes += 1;
      return next(args);
    };
    dynamo.middlewareStack.add(count as never, { step: 'initialize', name: 'count' });
    for (let batch = 0; batch < 5; batch += 1) await store.reserve(sender, 10, DEVICE, START);
    await store.reserve(sender, 10, DEVICE, START + 60_000);
    dynamo.middlewareStack.remove('count');
    expect(writes).toBe(6);
  });

  it('closes every slot of a paused sender until the pause ends, and no other sender’s', async () => {
    const paused = newSender();
    const store = new PacingStore(table);
    await store.pause(paused, START + 5_000, DEVICE);
    expect(await store.reserve(paused, 1, DEVICE, START)).toMatchObject({ waitMs: 5_000 });
    expect(await store.reserve(newSender(), 1, DEVICE, START)).toMatchObject({ slots: [START] });
  });

  it('never overflows the provider’s bucket, however batches of several functions fall', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ count: fc.integer({ min: 1, max: 10 }), gap: fc.integer({ min: 0, max: 400 }) }), {
          minLength: 5,
          maxLength: 25,
        }),
        fc.constantFrom<Rate>(DEVICE, { perSecond: 80, burst: 80 }, { perSecond: 1, burst: 1 }),
        async (batches, rate) => {
          const sender = newSender();
          const functions = [new PacingStore(table), new PacingStore(table)];
          const times: number[] = [];
          let now = START;
          for (const [index, { count, gap }] of batches.entries()) {
            now += gap;
            const reservation = await functions[index % 2]?.reserve(sender, count, rate, now);
            if (reservation && 'slots' in reservation) times.push(...reservation.slots);
          }
          expect(overflows(times, rate)).toBe(false);
        },
      ),
      { numRuns: 20 },
    );
  });
});
