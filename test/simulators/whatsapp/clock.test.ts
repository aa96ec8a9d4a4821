import { afterEach, describe, expect, it } from 'vitest';
import { Clock } from '../../../simulators/whatsapp/clock.ts';
import { seededRandom } from '../../../simulators/whatsapp/random.ts';
import { onBench } from './bench.ts';

let clock = new Clock();
afterEach(() => {
  clock.stop();
  clock = new Clock();
});

describe('the clock', () => {
  it('follows real time until it is moved, and goes on from there', async () => {
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
    await clock.advance(3_600_000);

    expect(Math.abs(clock.now() - Date.now() - 3_600_000)).toBeLessThan(1000);
  });

  it('fires what becomes due in order, each at its own instant', async () => {
    clock.freeze();
    const start = clock.now();
    const fired: [string, number][] = [];
    const note = (name: string) => () => void fired.push([name, clock.now() - start]);
    clock.schedule(300, note('third'));
    clock.schedule(100, note('first'));
    clock.schedule(100, note('second'));
    clock.schedule(301, note('too late'));
    await clock.advance(300);

    expect(fired).toEqual([
      ['first', 100],
      ['second', 100],
      ['third', 300],
    ]);
  });

  it('waits for the work that a timer starts, and fires what that work schedules', async () => {
    clock.freeze();
    const start = clock.now();
    const fired: number[] = [];
    clock.schedule(100, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      clock.schedule(50, () => void fired.push(clock.now() - start));
    });
    clock.schedule(200, () => void fired.push(clock.now() - start));
    await clock.advance(1000);

    expect(fired).toEqual([150, 200]);
  });

  it('fires timers in real time too', async () => {
    const fired: string[] = [];
    clock.schedule(20, () => void fired.push('late'));
    clock.schedule(1, () => void fired.push('early'));
    await clock.sleep(21);

    expect(fired).toEqual(['early', 'late']);
  });

  it('does not fire what was cancelled, nor anything after it was stopped', async () => {
    clock.freeze();
    const fired: string[] = [];
    clock.schedule(10, () => void fired.push('cancelled')).cancel();
    clock.schedule(10, () => void fired.push('kept'));
    clock.schedule(20, () => void fired.push('stopped'));
    await clock.advance(10);
    clock.stop();
    await clock.advance(10);

    expect(fired).toEqual(['kept']);
  });

  it('adds up advances that overlap, and stands still while frozen', async () => {
    clock.freeze();
    const start = clock.now();
    await Promise.all([clock.advance(100), clock.advance(200)]);
    await new Promise((resolve) => setTimeout(resolve, 5));

    expect(clock.now() - start).toBe(300);
  });
});

describe('the clock’s control', () => {
  it('moves to a time that is named', async () => {
    await onBench({}, async (bench) => {
      const target = new Date((await bench.now()) + 3_600_000).toISOString();

      expect((await bench.control('POST', '/clock', { now: target })).json).toEqual({ now: target, frozen: true });
      expect((await bench.control('POST', '/clock', { frozen: false })).json).toMatchObject({ frozen: false });
      expect(await bench.now()).toBeGreaterThanOrEqual(Date.parse(target));
    });
  });

  it.each([
    ['backwards', { now: '2001-01-01T00:00:00Z' }, /forward only/],
    ['to no time', { now: 'tomorrow' }, /ISO 8601/],
    ['too far', { now: '9001-01-01T00:00:00Z' }, /ten years/],
    ['in two ways', { now: '2099-01-01T00:00:00Z', advanceMs: 1 }, /not both/],
    ['by a negative step', { advanceMs: -1 }, /^advanceMs/],
  ])('does not move %s', async (_, body, expected) => {
    await onBench({}, async (bench) => {
      const before = await bench.now();
      const { status, json } = await bench.control('POST', '/clock', body);

      expect(status).toBe(400);
      expect(json['error']).toMatch(expected);
      expect(await bench.now()).toBe(before);
    });
  });
});

describe('a seeded sequence', () => {
  it('spreads over [0, 1) whatever the seed', () => {
    for (const seed of [0, 1, 2, -5, 2 ** 40, 0x9e3779b9]) {
      const next = seededRandom(seed);
      const values = Array.from({ length: 1000 }, next);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;

      expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
      expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
    }
  });
});
