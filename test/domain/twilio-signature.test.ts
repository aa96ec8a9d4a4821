import twilio from 'twilio';
import { describe, expect, it } from 'vitest';
import { signedUrl, twilioSignature } from '../../lambdas/domain/twilio-signature.ts';

const TOKEN = '12345678901234567890123456789012';

describe('X-Twilio-Signature', () => {
  it.each([
    [
      'Twilio’s published example',
      '12345',
      'https://example.com/myapp.php?foo=1&bar=2',
      {
        CallSid: 'CA1234567890ABCDE',
        Caller: '+14158675310',
        Digits: '1234',
        From: '+14158675310',
        To: '+18005551212',
      },
      'L/OH5YylLD5NRKLltdqwSvS0BnU=',
    ],
    [
      'a port, a query, UTF-8 and an empty value',
      TOKEN,
      'https://example.com:8443/in/wa?tenant=7&x=a%20b',
      {
        AccountSid: 'ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
        Body: 'Olá & bem-vindo 👋',
        From: 'whatsapp:+15551112222',
        Label: '',
        MessageSid: 'SMdddddddddddddddddddddddddddddddd',
        NumMedia: '0',
        ProfileName: 'Zoë',
        To: 'whatsapp:+14155238886',
        WaId: '15551112222',
      },
      'RAjGcqZ2PZcOiV2KAuyoVWlcuZc=',
    ],
    [
      'a GET, all in the URL',
      TOKEN,
      'https://example.com/get?AccountSid=AC1&Body=hi+there',
      {},
      '8LpmpMerRm+kbXN1AqOcNJgdOXY=',
    ],
  ])('matches %s', (_, token, url, params, signature) => {
    expect(twilioSignature(token, url, params)).toBe(signature);
  });

  it.each([
    ['a fragment', 'https://example.com/cb?a=1#rc=3&rp=all', 'https://example.com/cb?a=1'],
    ['user and password', 'https://user:pa%40ss@example.com/cb', 'https://example.com/cb'],
    ['an @ in the path', 'https://example.com/@me', 'https://example.com/@me'],
  ])('leaves %s out of the URL', (_, configured, signed) => {
    expect(signedUrl(configured)).toBe(signed);
    const params = { Body: 'x', AccountSid: 'AC1' };
    expect(twilio.validateRequest(TOKEN, twilioSignature(TOKEN, configured, params), signed, params)).toBe(true);
  });
});
