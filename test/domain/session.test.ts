import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasExpired, isAtRisk, isDue, isStored, renewalDue, renewalRetry } from '../../lambdas/domain/session.ts';

const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const endingIn = (ms: number) => ({ expiresAt: new Date(NOW + ms).toISOString() });

describe('a session', () => {
  it.each([
    ["a device's, for 7 days", 7 * DAY, true],
    ["a service account's, for an hour", HOUR, true],
    ["LINE's stateless one, for 15 minutes", 15 * MINUTE, false],
  ])('%s: stored %s', (_, life, expected) => {
    expect(isStored(endingIn(life), NOW)).toBe(expected);
  });

  it.each([
    ['two hours before', 2 * HOUR, { due: false, risk: false, expired: false }],
    ['at its margin', HOUR, { due: true, risk: false, expired: false }],
    ['within half of it', HOUR / 2 - 1, { due: true, risk: true, expired: false }],
    ['at its end', 0, { due: true, risk: true, expired: true }],
  ])('with a margin of an hour, %s', (_, left, { due, risk, expired }) => {
    const session = endingIn(left);
    expect([isDue(session, 3_600, NOW), isAtRisk(session, 3_600, NOW), hasExpired(session, NOW)]).toEqual([
      due,
      risk,
      expired,
    ]);
  });
});

describe('the time of a renewal', () => {
  it('is before the margin begins, never more than a quarter of it, and never in the next minute', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 * DAY }),
        fc.integer({ min: 1, max: 10 * DAY }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (life, margin, chance) => {
          const due = renewalDue(endingIn(life), margin / 1_000, NOW, () => chance);
          const latest = NOW + life - margin;
          expect(due).toBeGreaterThanOrEqual(NOW + MINUTE);
          if (latest > NOW + MINUTE) expect(due).toBeLessThanOrEqual(Math.ceil(latest));
          expect(due).toBeGreaterThanOrEqual(Math.floor(latest - margin / 4));
        },
      ),
    );
  });

  it('is exact where the margin is minutes, because some providers give no new token before', () => {
    expect(renewalDue(endingIn(2 * HOUR), 300, NOW, () => 0.99)).toBe(NOW + 2 * HOUR - 5 * MINUTE);
  });

  it('after failures is later each time, up to a quarter of an hour, or more where the margin is days', () => {
    const waits = (margin: number) =>
      [0, 1, 2, 3, 4, 50].map((failures) => (renewalRetry(failures, margin / 1_000, NOW, () => 1) - NOW) / MINUTE);
    expect(waits(DAY)).toEqual([1, 2, 4, 8, 15, 15]);
    expect(waits(10 * DAY)).toEqual([1, 2, 4, 8, 16, 72]);
    expect(renewalRetry(0, 60, NOW, () => 0) - NOW).toBe(MINUTE / 2);
  });
});
