import { createPrivateKey, type KeyObject, sign } from 'node:crypto';

/** What is signed of a JWT (RFC 7515, section 5.1): its header and its claims, compact, in the order given. */
export function signingInput(header: object, claims: object): string {
  return `${part(header)}.${part(claims)}`;
}

/**
 * A JWT signed with RS256 (RSASSA-PKCS1-v1_5 and SHA-256).
 * @param privateKey a PEM; its line ends may be written `\n`, as they are inside JSON key files
 * @throws PrivateKeyError for what is no RSA private key; it does not quote it
 */
export function signJwt(header: object, claims: object, privateKey: string): string {
  const input = signingInput({ alg: 'RS256', typ: 'JWT', ...header }, claims);
  return `${input}.${sign('RSA-SHA256', Buffer.from(input), keyOf(privateKey)).toString('base64url')}`;
}

/** The private key that a sender has is none. */
export class PrivateKeyError extends Error {}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function keyOf(text: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(text.replaceAll('\\n', '\n'));
  } catch {
    // OpenSSL's reason is of no use to anybody, and the key must not be shown.
  }
  if (key?.asymmetricKeyType !== 'rsa') throw new PrivateKeyError('the private key is no RSA key in PEM');
  return key;
}
