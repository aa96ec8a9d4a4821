import { describe, expect, it } from 'vitest';
import { dayOf, parseDate, toRfc2822 } from '../../lambdas/domain/twilio-date.ts';

describe('dates in answers', () => {
  it("are RFC 2822 with +0000 in the v2010 API, as in Twilio's sample", () => {
    expect(toRfc2822('2023-08-24T05:01:45.678Z')).toBe('Thu, 24 Aug 2023 05:01:45 +0000');
  });
});

describe('parseDate', () => {
  it.each([
    ['2019-06-11', '2019-06-11T00:00:00.000Z'],
    ['2019-06-11T22:05:25Z', '2019-06-11T22:05:25.000Z'],
    ['2019-06-11T22:05:25.123Z', '2019-06-11T22:05:25.123Z'],
    ['2019-06-11T22:05:25+02:00', '2019-06-11T20:05:25.000Z'],
    ['2019-06-11T22:05:25-0130', '2019-06-11T23:35:25.000Z'],
    ['2019-06-11 22:05:25.000', '2019-06-11T22:05:25.000Z'],
    ['2019-06-11T22:05', '2019-06-11T22:05:00.000Z'],
    ['Tue, 11 Jun 2019 22:05:25 +0000', '2019-06-11T22:05:25.000Z'],
    ['11 Jun 2019 22:05:25 -0500', '2019-06-12T03:05:25.000Z'],
    ['2020-02-29', '2020-02-29T00:00:00.000Z'],
  ])('reads %s', (text, iso) => {
    const at = parseDate(text);
    expect(at === undefined ? undefined : new Date(at).toISOString()).toBe(iso);
  });

  it.each(['', 'yesterday', '2019', '11/06/2019', '2019-02-31', '2019-13-01', '2019-06-11T25:00:00Z', '1560290725'])(
    'does not read %j',
    (text) => {
      expect(parseDate(text)).toBeUndefined();
    },
  );

  it('knows the UTC day that an instant lies in', () => {
    expect(dayOf(Date.parse('2019-06-11T22:05:25Z'))).toEqual({
      from: Date.parse('2019-06-11T00:00:00.000Z'),
      to: Date.parse('2019-06-11T23:59:59.999Z'),
    });
  });
});
