import { createHmac, timingSafeEqual } from 'node:crypto';

export const HMAC_SCHEMES = [
  'hmac-sha1-hex',
  'hmac-sha1-base64',
  'hmac-sha256-hex',
  'hmac-sha256-base64',
  'hmac-sha512-hex',
  'hmac-sha512-base64',
] as const;
export type HmacScheme = (typeof HMAC_SCHEMES)[number];

/** Whether `signature` (without any prefix) is the HMAC of the raw body. Takes equally long for every wrong one. */
export function verifyHmac(scheme: HmacScheme, key: string, body: string, signature: string): boolean {
  const [, algorithm = '', encoding] = scheme.split('-');
  const expected = createHmac(algorithm, key)
    .update(body, 'utf8')
    .digest(encoding === 'hex' ? 'hex' : 'base64');
  // Texts are compared, not decoded bytes: Node decodes leniently, and `mBe9…PzpI` with rubbish after it is not the signature.
  return equalInConstantTime(encoding === 'hex' ? signature.toLowerCase() : signature, expected);
}

/** Compares two texts without telling by its duration where they differ. */
export function equalInConstantTime(given: string, expected: string): boolean {
  const left = Buffer.from(given);
  const right = Buffer.from(expected);
  return left.length === right.length && timingSafeEqual(left, right);
}
