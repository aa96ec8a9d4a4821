import { createVerify, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PrivateKeyError, signingInput, signJwt } from '../../../lambdas/channels/primitives/auth/jwt.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

describe('a JWT', () => {
  it('has the published signing input of a Google service account', () => {
    const header = { alg: 'RS256', typ: 'JWT', kid: '0123456789abcdef0123456789abcdef01234567' };
    const claims = {
      iss: 'rbm@demo-project.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/rcsbusinessmessaging',
      aud: 'https://oauth2.googleapis.com/token',
      iat: 1700000000,
      exp: 1700003600,
    };
    expect(signingInput(header, claims)).toBe(
      'eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1NjcifQ.eyJpc3MiOiJyYm1AZGVtby1wcm9qZWN0LmlhbS5nc2VydmljZWFjY291bnQuY29tIiwic2NvcGUiOiJodHRwczovL3d3dy5nb29nbGVhcGlzLmNvbS9hdXRoL3Jjc2J1c2luZXNzbWVzc2FnaW5nIiwiYXVkIjoiaHR0cHM6Ly9vYXV0aDIuZ29vZ2xlYXBpcy5jb20vdG9rZW4iLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0',
    );
  });

  it.each([
    ['a PEM', privateKey],
    ['a PEM as it stands in a JSON key file', privateKey.replaceAll('\n', '\\n')],
  ])('is signed with %s so that the public key proves it', (_label, key) => {
    const [header, claims, signature = ''] = signJwt({ kid: '1' }, { iss: 'me' }, key).split('.');
    expect(JSON.parse(Buffer.from(String(header), 'base64url').toString())).toEqual({
      alg: 'RS256',
      typ: 'JWT',
      kid: '1',
    });
    const verifier = createVerify('RSA-SHA256').update(`${header}.${claims}`);
    expect(verifier.verify(publicKey, signature, 'base64url')).toBe(true);
  });

  it.each([
    ['no key', ''],
    ['a public key', publicKey],
    ['a key that was cut', privateKey.slice(0, 300)],
    [
      'another kind of key',
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
  ])('is not signed with %s, and the error shows nothing of it', (_label, key) => {
    const signing = () => signJwt({}, {}, key);
    expect(signing).toThrow(PrivateKeyError);
    expect(signing).toThrow(/^the private key is no RSA key in PEM$/);
  });
});
