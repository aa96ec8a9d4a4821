import { describe, expect, it } from 'vitest';
import { type Addressing, routesFor } from '../../lambdas/domain/route.ts';

const channel = (name: string, scheme: string, pattern: RegExp): Addressing => ({
  name,
  address: {
    scheme,
    parse: (text) => (pattern.test(text) ? text.replace('+', '') : undefined),
    format: (address) => `${scheme}${address}`,
  },
});
const NUMBER = /^\+\d{8,15}$/;
const SHARED = [channel('device', 'wa:', NUMBER), channel('cloud', 'wa:', NUMBER), channel('page', 'page:', /^\d+$/)];
const WITH_SMS = [...SHARED, channel('sms', '', NUMBER)];

describe('routesFor', () => {
  it('finds one way for each channel that shares a scheme', () => {
    expect(routesFor({ to: 'wa:+15552223333', from: 'wa:+15550001111' }, SHARED)).toEqual([
      { channel: 'device', from: '15550001111', to: '15552223333' },
      { channel: 'cloud', from: '15550001111', to: '15552223333' },
    ]);
  });

  it('takes a scheme in any letter case', () => {
    expect(routesFor({ to: 'Page:1', from: 'PAGE:2' }, SHARED)).toEqual([{ channel: 'page', from: '2', to: '1' }]);
  });

  it('serves plain numbers where a channel without scheme is', () => {
    expect(routesFor({ to: '+15552223333', from: '+15550001111' }, WITH_SMS)).toEqual([
      { channel: 'sms', from: '15550001111', to: '15552223333' },
    ]);
  });

  it.each<[code: number, to: string, from: string, channels: Addressing[]]>([
    [21211, 'wa:+1', 'wa:+15550001111', SHARED],
    [21211, 'wa+15552223333', 'wa:+15550001111', SHARED],
    [21211, 'wa:', 'nonsense', SHARED],
    [21211, '5552223333', '+15550001111', SHARED],
    [21212, 'wa:+15552223333', 'wa:+1', SHARED],
    [21212, 'wa:+15552223333', 'SHOP', WITH_SMS],
    [21910, 'wa:+15552223333', 'page:1', SHARED],
    [21910, '+15552223333', 'page:1', SHARED],
    [21606, '+15552223333', '+15550001111', SHARED],
    [63031, 'page:1', 'page:1', SHARED],
    [21266, '+15550001111', '+15550001111', WITH_SMS],
  ])('refuses with %i a message to %s from %s', (code, to, from, channels) => {
    expect(() => routesFor({ to, from }, channels)).toThrow(expect.objectContaining({ code, status: 400 }));
  });
});
