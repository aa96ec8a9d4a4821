import { describe, expect, it } from 'vitest';
import { compileExpression } from '../../../lambdas/channels/expressions/expression.ts';

const scope = { a: true, b: true } as const;
const value = (text: string, a?: unknown, b?: unknown) => compileExpression(text, scope).run({ a, b });
/** The same by JSONata, which runs whatever is more than plain reads. */
const byJsonata = (text: string, a?: unknown, b?: unknown) =>
  compileExpression(`$count([1]) = 1 ? ${text}`, scope).run({ a, b });

describe('$uuid', () => {
  it('is a UUID of version 8, the same for the same values', async () => {
    const uuid = value('$uuid(a, b)', 'SM1', 0);
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(value('$uuid(a, b)', 'SM1', 0)).toBe(uuid);
    expect(await byJsonata('$uuid(a, b)', 'SM1', 0)).toBe(uuid);
  });

  it('is another for other values, however they are cut', () => {
    const all = [
      value('$uuid(a, b)', 'SM1', 0),
      value('$uuid(a, b)', 'SM1', 1),
      value('$uuid(a, b)', 'SM1', '0'),
      value('$uuid(a, b)', 'SM', '10'),
      value('$uuid(a)', 'SM1'),
      value('$uuid(a)', 'SM1,0'),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('is nothing when a value is missing, lest all messages had the same', () => {
    expect(value('$uuid(a, b)', 'SM1')).toBeUndefined();
    expect(value('$uuid()')).toBeUndefined();
  });
});

describe('$hmac', () => {
  // Meta's appsecret_proof: the HMAC of the access token by the app secret.
  const proof = '81cc287fbccbf781d6dd4ac0c3afd35ec8c2f3d2cdc0c281ba30ca8b82e6ade4';
  const [secret, token] = ['whsec-demo-app-secret', 'EAAB-demo-page-token'];

  it('gives the published appsecret_proof, in hex or base64, whoever computes it', async () => {
    expect(value('$hmac("sha256", a, b)', secret, token)).toBe(proof);
    expect(value('$hmac("sha256", a, b, "base64")', secret, token)).toBe(Buffer.from(proof, 'hex').toString('base64'));
    expect(await byJsonata('$hmac("sha256", a, b)', secret, token)).toBe(proof);
  });

  it.each([
    ['an empty key', '$hmac("sha256", a, b)', '', 'text'],
    ['no key', '$hmac("sha256", a, b)', undefined, 'text'],
    ['no text', '$hmac("sha256", a, b)', 'key', undefined],
    ['a hash that is not offered', '$hmac("md5", a, b)', 'key', 'text'],
    ['an unknown encoding', '$hmac("sha256", a, b, "latin1")', 'key', 'text'],
  ])('is nothing with %s', (_label, text, a, b) => {
    expect(value(text, a, b)).toBeUndefined();
  });
});

describe('$json, $fromBase64 and $toBase64', () => {
  it('read what stands in texts, ids beyond 2^53 exactly', async () => {
    const data = Buffer.from('{"id":5847060634540564918,"text":"Hi ✓"}').toString('base64');
    expect(value('$json($fromBase64(a))', data)).toEqual({ id: '5847060634540564918', text: 'Hi ✓' });
    expect(await byJsonata('$json($fromBase64(a)).text', data)).toBe('Hi ✓');
    expect(value('$toBase64(a)', 'Hi ✓')).toBe('SGkg4pyT');
  });

  it.each([
    ['$json(a)', '{"cut":'],
    ['$json(a)', undefined],
    ['$json(a)', 17],
    ['$fromBase64(a)', 'no base64!'],
    ['$fromBase64(a)', { an: 'object' }],
    ['$toBase64(a)', 17],
  ])('%s of %j is nothing', (text, given) => {
    expect(value(text, given)).toBeUndefined();
  });
});
