import { describe, expect, it } from 'vitest';
import {
  equalInConstantTime,
  type HmacScheme,
  verifyHmac,
} from '../../../lambdas/channels/primitives/signatures/hmac.ts';

// Published by the providers, or by RFC 4231 (test case 2) and RFC 2202.
const VECTORS: [string, HmacScheme, string, string, string][] = [
  ['RFC 2202', 'hmac-sha1-hex', 'Jefe', 'what do ya want for nothing?', 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
  ['RFC 2202 in base64', 'hmac-sha1-base64', 'Jefe', 'what do ya want for nothing?', '7/zfauXrL6LSdBbV8YTfnCWafHk='],
  [
    'RFC 4231',
    'hmac-sha256-hex',
    'Jefe',
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'RFC 4231, SHA-512',
    'hmac-sha512-hex',
    'Jefe',
    'what do ya want for nothing?',
    '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  ],
  [
    'hex, non-ASCII text',
    'hmac-sha256-hex',
    '44b935abea139fd6-53fa53b32559c4a6-12dbd3d883b06835',
    '{"event":"message","timestamp":1457764197627,"message_token":4912661846655238145,"sender":{"id":"01234567890A=","name":"Zoë"},"message":{"type":"text","text":"hi"}}',
    '157f963af43efd2f0c7903b57e54fad17a39a2b7b05361092ebe256f813eacda',
  ],
  [
    'base64',
    'hmac-sha256-base64',
    '8c570fa6dd201bb328f1c1eac23a96d8',
    '{"destination":"U00000000000000000000000000000000","events":[]}',
    'mBe9cwp463GqQ5EE52ncJGoGAKDqf5MkcCmU6g/PzpI=',
  ],
  [
    'SHA-512 in base64',
    'hmac-sha512-base64',
    'SJENCPGJESMGUFPY',
    '{"senderPhoneNumber":"+14155550100","messageId":"MsgABC1","sendTime":"2026-01-02T03:04:05.678Z","text":"Hi ✓","agentId":"demo_agent@rbm.goog"}',
    '1OWb0Xvc6ftOY4P5ulGLtIg0mQoHUMtuGpZ2zlfQLA9I9BniGkMRA5eV1HZiOIRJiBdeVN1uPo6gZDEW7WtTsA==',
  ],
];

describe.each(VECTORS)('the signature of %s', (_label, scheme, key, body, signature) => {
  it('is right', () => {
    expect(verifyHmac(scheme, key, body, signature)).toBe(true);
  });

  it.each([
    ['another key', `${key}x`, body, signature],
    ['another body', key, `${body} `, signature],
    ['its last character missing', key, body, signature.slice(0, -1)],
    ['something after it', key, body, `${signature}00`],
    ['nothing', key, body, ''],
    ['another of the same length', key, body, 'x'.repeat(signature.length)],
  ])('is wrong with %s', (_what, otherKey, otherBody, otherSignature) => {
    expect(verifyHmac(scheme, otherKey, otherBody, otherSignature)).toBe(false);
  });
});

describe('comparing in constant time', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', 'abd', false],
    ['abc', 'ab', false],
    ['é', 'e', false],
    ['', '', true],
  ])('%j and %j: %s', (left, right, same) => {
    expect(equalInConstantTime(left, right)).toBe(same);
  });
});
