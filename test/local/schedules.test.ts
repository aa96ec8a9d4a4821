import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseRate, type Schedule, Scheduler } from '../../local/schedules.ts';

describe('A schedule', () => {
  it.each([
    ['rate(1 minute)', 60_000],
    ['rate(15 minutes)', 900_000],
    ['rate(2 hours)', 7_200_000],
    ['rate(1 day)', 86_400_000],
  ])('%s ticks every %d ms', (expression, milliseconds) => {
    expect(parseRate(expression)).toBe(milliseconds);
  });

  it.each(['cron(0 8 * * ? *)', 'at(2026-01-01T00:00:00)', 'rate(0 minutes)', 'rate(5 seconds)'])(
    'is refused when it is %s',
    (expression) => {
      expect(() => parseRate(expression)).toThrow(expression);
    },
  );
});

describe('The scheduler', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('ticks what is enabled, goes on after a failure, and stops', async () => {
    const ticked: string[] = [];
    const schedule = (path: string, changes: Partial<Schedule> = {}): Schedule => ({
      path,
      intervalMilliseconds: 60_000,
      isEnabled: true,
      tick: async () => {
        ticked.push(path);
        throw new Error('the function failed');
      },
      ...changes,
    });
    const scheduler = new Scheduler([
      schedule('often'),
      schedule('rarely', { intervalMilliseconds: 180_000 }),
      schedule('never', { isEnabled: false }),
    ]);
    await vi.advanceTimersByTimeAsync(180_000);
    scheduler.stop();
    await vi.advanceTimersByTimeAsync(180_000);
    expect(ticked.toSorted()).toEqual(['often', 'often', 'often', 'rarely']);
  });
});
