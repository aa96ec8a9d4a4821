import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startAws } from '../support/aws.ts';

const aws = await startAws();
const { Circuits } = await import('../../lambdas/platform/circuits.ts');
const { CircuitStore } = await import('../../lambdas/platform/stores/circuits.ts');
const { dynamo } = await import('../../lambdas/platform/clients.ts');
afterAll(() => aws.stop());

const table = process.env['TABLE_NAME'] ?? '';
const calls = { reads: 0, writes: 0 };
dynamo.middlewareStack.add(
  (next, { commandName }) =>
    (args) => {
      calls[commandName === 'GetItemCommand' ? 'reads' : 'writes'] += 1;
      return next(args);
    },
  { step: 'initialize', name: 'count' },
);

let now = 1_700_000_000_000;
let hosts = 0;
let key: string;
beforeEach(() => {
  key = `provider/host-${hosts++}.example`;
  Object.assign(calls, { reads: 0, writes: 0 });
});

/** A function environment of its own: nothing is shared with the others but the table. */
const start = () => new Circuits(new CircuitStore(table), () => now);
const times = (count: number, action: () => Promise<unknown>) =>
  Array.from({ length: count }).reduce<Promise<unknown>>((before) => before.then(action), Promise.resolve());
const fail = (circuits: InstanceType<typeof Circuits>, count = 10) =>
  times(count, () => circuits.report(key, 'unreached'));

describe('a host that is well', () => {
  it('costs a read in five seconds and no write, however many ask at once', async () => {
    const circuits = start();
    for (let second = 0; second < 10; second += 1) {
      const waits = await Promise.all(Array.from({ length: 20 }, () => circuits.waitFor(key)));
      expect(new Set(waits)).toEqual(new Set([0]));
      await circuits.report(key, 'reached', 200);
      now += 1_000;
    }
    expect(calls).toEqual({ reads: 2, writes: 0 });
  });

  it('may fail nine times in a row, again and again', async () => {
    const circuits = start();
    await times(5, async () => {
      await fail(circuits, 9);
      await circuits.report(key, 'reached');
    });
    expect(await circuits.waitFor(key)).toBe(0);
    expect(calls.writes).toBe(0);
  });
});

describe('a host that cannot be reached', () => {
  it('is left alone by all functions, and each of them hears of it within five seconds', async () => {
    const [here, there] = [start(), start()];
    expect(await there.waitFor(key)).toBe(0);
    now += 3_000;
    await fail(here);
    const wait = await here.waitFor(key);
    expect(wait).toBeGreaterThanOrEqual(3_750);
    expect(wait).toBeLessThanOrEqual(5_000);
    expect(calls.writes).toBe(1);
    expect(await start().waitFor(key)).toBe(wait);
    expect(await there.waitFor(key)).toBe(0);
    now += 2_000;
    expect(await there.waitFor(key)).toBe(wait - 2_000);
    expect(await there.waitFor(`${key}:81`)).toBe(0);
  });

  it('is opened once, whoever finds it out at the same time', async () => {
    const functions = Array.from({ length: 5 }, start);
    await Promise.all(functions.map((circuits) => fail(circuits, 12)));
    expect(await aws.items()).toContainEqual(expect.objectContaining({ pk: `CIRCUIT#${key}`, opens: 1 }));
  });

  it('is tried by exactly one of all functions when its time is over', async () => {
    const functions = Array.from({ length: 5 }, start);
    await fail(functions[0] ?? start());
    now += 5_000;
    const waits = await Promise.all([...functions, ...functions].map((circuits) => circuits.waitFor(key)));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(1);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_000);
  });

  it('is closed for all when the one that tries it reaches it', async () => {
    const [here, there] = [start(), start()];
    await fail(here);
    await there.waitFor(key);
    now += 5_000;
    expect(await there.waitFor(key)).toBe(0);
    await there.report(key, 'reached', 20);
    expect(await there.waitFor(key)).toBe(0);
    expect(await here.waitFor(key)).toBe(0);
    expect(await start().waitFor(key)).toBe(0);
  });

  it('is left alone for twice as long each time it is tried in vain, a minute at most', async () => {
    const circuits = start();
    await fail(circuits);
    const waits: number[] = [];
    for (let opens = 0; opens < 6; opens += 1) {
      const wait = await circuits.waitFor(key);
      waits.push(wait);
      now += wait;
      expect(await circuits.waitFor(key)).toBe(0);
      await circuits.report(key, 'unreached', 30);
    }
    for (const [index, longest] of [5, 10, 20, 40, 60, 60].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(longest * 750);
      expect(waits[index]).toBeLessThanOrEqual(longest * 1_000);
    }
  });

  it('begins with five seconds again after it was reached', async () => {
    const circuits = start();
    await fail(circuits);
    now += 5_000;
    await circuits.waitFor(key);
    await circuits.report(key, 'unreached');
    now += 10_000;
    await circuits.waitFor(key);
    await circuits.report(key, 'reached');
    await fail(circuits);
    expect(await circuits.waitFor(key)).toBeLessThanOrEqual(5_000);
  });

  it('is tried by another when the one that tries it has not said how it went after 15 seconds', async () => {
    const [crashed, other] = [start(), start()];
    await fail(crashed);
    now += 5_000;
    expect(await crashed.waitFor(key)).toBe(0);
    expect(await other.waitFor(key)).toBe(5_000);
    now += 14_999;
    expect(await other.waitFor(key)).toBe(1);
    now += 1;
    expect(await other.waitFor(key)).toBe(0);
    expect(await start().waitFor(key)).toBe(5_000);
  });

  it('is not left alone for longer because of requests that were under way when it opened', async () => {
    const [here, there] = [start(), start()];
    await there.waitFor(key);
    await fail(here, 20);
    const wait = await here.waitFor(key);
    await fail(there, 20);
    expect(await there.waitFor(key)).toBe(wait);
    now += wait;
    await fail(here, 3);
    expect(await here.waitFor(key)).toBe(0);
  });

  it('is never tried twice within the shortest wait, whoever asks when and whoever crashes', async () => {
    const steps = fc.array(
      fc.record({
        who: fc.nat(2),
        afterMs: fc.integer({ min: 0, max: 4_000 }),
        answers: fc.constantFrom('at once', 'later', 'never'),
      }),
      { minLength: 20, maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        key = `provider/host-${hosts++}.example`;
        const functions = Array.from({ length: 3 }, start);
        await fail(functions[0] ?? start());
        const tries: number[] = [];
        const late: InstanceType<typeof Circuits>[] = [];
        for (const { who, afterMs, answers } of taken) {
          now += afterMs;
          const circuits = functions[who] ?? start();
          const wait = await circuits.waitFor(key);
          expect(wait).toBeLessThanOrEqual(60_000);
          if (wait > 0) {
            await late.shift()?.report(key, 'unreached');
            continue;
          }
          tries.push(now);
          if (answers === 'at once') await circuits.report(key, 'unreached');
          if (answers === 'later') late.push(circuits);
        }
        expect(tries.filter((at, index) => at - (tries[index - 1] ?? 0) < 3_750)).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a host that is slow', () => {
  it('is known to be so to all functions for two minutes', async () => {
    const [here, there] = [start(), start()];
    await times(5, () => here.report(key, 'reached', 3_000));
    expect(await here.slowAverage(key)).toBe(3_000);
    expect(await there.slowAverage(key)).toBe(3_000);
    expect(await there.waitFor(key)).toBe(0);
    expect(calls.writes).toBe(1);
    now += 2 * 60_000;
    expect(await there.slowAverage(key)).toBeUndefined();
    expect(await here.slowAverage(key)).toBeUndefined();
  });

  it('is no longer known to be so when it went down: that is measured anew', async () => {
    const circuits = start();
    await times(5, () => circuits.report(key, 'reached', 3_000));
    await fail(circuits);
    now += 5_000;
    await circuits.waitFor(key);
    await circuits.report(key, 'reached', 30);
    expect(await circuits.slowAverage(key)).toBeUndefined();
    expect(await start().slowAverage(key)).toBeUndefined();
  });

  it('costs a write in a minute, not one per answer', async () => {
    const circuits = start();
    await times(119, async () => {
      await circuits.report(key, 'reached', 2_000);
      now += 1_000;
    });
    expect(calls.writes).toBe(2);
  });
});

describe('when the table cannot be asked', () => {
  const broken = new Proxy({} as InstanceType<typeof CircuitStore>, {
    get: () => async () => Promise.reject(new Error('throttled')),
  });

  it('a host is taken to be well, and an open circuit stays open here', async () => {
    const circuits = new Circuits(broken, () => now);
    expect(await circuits.waitFor(key)).toBe(0);
    expect(await circuits.slowAverage(key)).toBeUndefined();
    await circuits.report(key, 'reached', 5_000);
    await expect(fail(circuits)).resolves.toBeUndefined();
    expect(await circuits.waitFor(key)).toBeGreaterThan(0);
    now += 5_000;
    expect(await circuits.waitFor(key)).toBe(5_000);
  });
});
