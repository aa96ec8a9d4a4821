import { describe, expect, it } from 'vitest';
import { rateOf } from '../../lambdas/domain/rate.ts';
import { readRate, shownRate } from '../../lambdas/domain/sender-rate.ts';

const general = { perSecond: 20, burst: 60 };
const special = { perSecond: 40, burst: 120 };
const own = { perSecond: 3, burst: 4 };
const limits = { textLength: 1, rate: { ...general, by: { field: 'shards', rates: { 4: special } } } };

describe('the rate of a sender', () => {
  it.each([
    ['its channel’s', { fields: {} }, general],
    ['its channel’s for a value that is not listed', { fields: { shards: '2' } }, general],
    ['the one for the value of its field', { fields: { shards: '4' } }, special],
    ['its own before all', { fields: { shards: '4' }, rate: own }, own],
  ])('is %s', (_label, sender, rate) => {
    expect(rateOf(sender, { limits })).toMatchObject(rate);
  });
});

describe('a rate in a sender’s configuration', () => {
  it.each([
    ['nothing of it', {}, own, own],
    ['both', { messages_per_second: 1000, burst: '500' }, undefined, { perSecond: 1000, burst: 500 }],
    ['a part of a message a second', { messages_per_second: '0.5' }, undefined, { perSecond: 0.5, burst: 1 }],
    ['the speed alone: a second’s worth at once', { messages_per_second: '80' }, own, { perSecond: 80, burst: 80 }],
    ['the burst alone, of a rate that is there', { burst: 9 }, own, { perSecond: 3, burst: 9 }],
    ['none any more', { messages_per_second: null }, own, undefined],
    ['none any more, by an empty text', { messages_per_second: '', burst: '' }, own, undefined],
  ])('says %s', (_label, configuration, before, rate) => {
    expect(readRate({ ...configuration, url: 'u' }, before)).toEqual({ rate, rest: { url: 'u' }, mistakes: [] });
  });

  it.each([
    ['no number', { messages_per_second: 'fast' }, 'configuration.messages_per_second: must be a number above 0'],
    ['nothing at all', { messages_per_second: 0 }, 'configuration.messages_per_second: must be a number above 0'],
    ['less than nothing', { messages_per_second: -1, burst: 1 }, 'configuration.messages_per_second'],
    ['a list', { messages_per_second: [{}] }, 'configuration.messages_per_second'],
    ['more than anybody takes', { messages_per_second: 5001 }, '5000 at most'],
    [
      'half a message at once',
      { messages_per_second: 1, burst: 0.5 },
      'configuration.burst: must be a whole number above 0',
    ],
    [
      'a burst of nothing',
      { messages_per_second: 1, burst: -3 },
      'configuration.burst: must be a whole number above 0',
    ],
    [
      'a burst alone, without a rate',
      { burst: 5 },
      'configuration.burst: is only for a sender with messages_per_second',
    ],
  ])('that is %s is a mistake', (_label, configuration, mistake) => {
    const { mistakes } = readRate(configuration);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(mistake);
  });

  it('is shown as texts, as the other keys are, and only where it is the sender’s own', () => {
    expect([shownRate(own), shownRate(undefined)]).toEqual([{ messages_per_second: '3', burst: '4' }, {}]);
  });
});
