import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Circuit,
  type Durations,
  isEnoughToOpen,
  isNews,
  openMs,
  phaseOf,
  slowAverage,
  weightOf,
  withDuration,
} from '../../lambdas/domain/circuit.ts';

const NOW = 1_700_000_000_000;

describe('a circuit', () => {
  it.each<[string, Circuit, ReturnType<typeof phaseOf>]>([
    ['of which nothing is known', {}, { kind: 'closed' }],
    ['of a slow host', { averageMs: 3_000, averageUntil: NOW + 1 }, { kind: 'closed' }],
    ['that is open', { openUntil: NOW + 700, opens: 1 }, { kind: 'waiting', waitMs: 700 }],
    ['whose time is over', { openUntil: NOW, opens: 1 }, { kind: 'due' }],
    ['that somebody tries', { openUntil: NOW - 1, probeUntil: NOW + 900 }, { kind: 'waiting', waitMs: 900 }],
    ['that somebody has just begun to try', { openUntil: NOW, probeUntil: NOW + 15_000 }, waiting(5_000)],
    ['that somebody tried who never said how it went', { openUntil: NOW - 15_000, probeUntil: NOW }, { kind: 'due' }],
  ])('%s', (_, circuit, phase) => {
    expect(phaseOf(circuit, NOW)).toEqual(phase);
  });

  function waiting(waitMs: number) {
    return { kind: 'waiting' as const, waitMs };
  }

  it.each([
    ['ten refused connections', Array(10).fill(5), true],
    ['nine', Array(9).fill(5), false],
    ['three requests that hung for 15 s', Array(3).fill(15_000), true],
    ['two', Array(2).fill(15_000), false],
  ])('opens after %s: %j', (_, durations: number[], opens) => {
    expect(isEnoughToOpen(durations.reduce((sum, tookMs) => sum + weightOf(tookMs), 0))).toBe(opens);
  });

  it.each([
    [1, 5_000],
    [2, 10_000],
    [3, 20_000],
    [4, 40_000],
    [5, 60_000],
    [100, 60_000],
  ])('that was opened %i times in a row is open for up to %i ms', (opens, longest) => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const ms = openMs(opens, () => random);
        expect(ms).toBeGreaterThanOrEqual(longest * 0.75);
        expect(ms).toBeLessThanOrEqual(longest);
      }),
    );
  });
});

describe('how slow a host is', () => {
  const measured = (durations: number[], everyMs = 1_000): Durations =>
    durations.reduce<Durations | undefined>(
      (sum, tookMs, index) => withDuration(sum, tookMs, NOW + index * everyMs),
      undefined,
    ) ?? { total: 0, weight: 1, at: NOW };

  it.each<[string, number[], number | undefined]>([
    ['answers at once', Array(20).fill(80), undefined],
    ['was slow once, after a cold start', [4_000], undefined],
    ['was slow once, among many quick answers', [...Array(20).fill(80), 4_000], undefined],
    ['did not answer', [15_000], 15_000],
    ['is always slow', Array(20).fill(1_500), 1_500],
    ['is quick again', [...Array(5).fill(3_000), ...Array(12).fill(50)], undefined],
  ])('that %s', (_, durations, average) => {
    expect(slowAverage(measured(durations))).toEqual(average);
  });

  it('does not hang on what it did long ago', () => {
    expect(slowAverage(measured([15_000, 200], 2 * 60_000 + 1))).toBeUndefined();
  });

  it('is said as an average that lies among what was measured', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 15_000 }), { minLength: 1, maxLength: 50 }), (durations) => {
        const average = slowAverage(measured(durations));
        if (average === undefined) return;
        expect(average).toBeGreaterThanOrEqual(Math.min(...durations));
        expect(average).toBeLessThanOrEqual(Math.max(...durations));
        expect(average).toBeGreaterThan(1_000);
      }),
    );
  });

  it.each<[string, Circuit, boolean]>([
    ['when nobody knows', {}, true],
    ['not when all know', { averageMs: 2_000, averageUntil: NOW + 100_000 }, false],
    ['when it is soon forgotten', { averageMs: 2_000, averageUntil: NOW + 50_000 }, true],
    ['when it has become much worse', { averageMs: 1_200, averageUntil: NOW + 100_000 }, true],
  ])('is told %s', (_, circuit, told) => {
    expect(isNews(circuit, 2_000, NOW)).toBe(told);
  });
});
