import { expect, it } from 'vitest';
import { connectionOverrides } from '../../lambdas/domain/connection-overrides.ts';

const DEFAULTS = {
  connectTimeoutMs: 5_000,
  readTimeoutMs: 15_000,
  totalTimeoutMs: 15_000,
  retries: 1,
  retryOn: new Set(['ct']),
};

it.each([
  ['', {}],
  ['#', {}],
  ['#rc=3&rp=all&ct=2000', { retries: 3, retryOn: new Set(['ct', 'rt', '4xx', '5xx']), connectTimeoutMs: 2_000 }],
  ['#rt=500&tt=900&rc=0', { readTimeoutMs: 500, totalTimeoutMs: 900, retries: 0 }],
  ['#rp=4xx,RT', { retryOn: new Set(['4xx', 'rt']) }],
  ['#rc=6&ct=99&rt=15001&tt=x', {}],
  ['#rp=sometimes', {}],
  ['#sni=n&e=dublin', {}],
])('https://example.com/cb%s', (fragment, expected) => {
  expect(connectionOverrides(`https://example.com/cb${fragment}`)).toEqual({ ...DEFAULTS, ...expected });
});
