import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { scopesOf } from '../../../lambdas/channels/expressions/scope.ts';
import { MissingValueError } from '../../../lambdas/channels/http/request.ts';
import type { Mistake } from '../../../lambdas/channels/mistakes.ts';
import { authSchema, compileAuth } from '../../../lambdas/channels/primitives/auth/registry.ts';
import { canonicalRequest, signV4 } from '../../../lambdas/channels/primitives/auth/sigv4.ts';
import type { HttpRequest } from '../../../lambdas/channels/types.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET };
const AT = Date.parse('2026-01-02T03:04:05Z');
const sms = (): HttpRequest => ({
  method: 'POST',
  url: 'https://sms-voice.us-east-1.amazonaws.com/',
  headers: { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'PinpointSMSVoiceV2.SendTextMessage' },
  body: '{"DestinationPhoneNumber":"+14255550156","OriginationIdentity":"+12065550152","MessageBody":"Hi","MessageType":"TRANSACTIONAL"}',
});
const SMS_AUTHORIZATION =
  'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/sms-voice/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=46eb23acc2f97888484477c57d8c8932de9d85e2554cd365068d1298a77fec57';

describe('Signature Version 4', () => {
  // From the test suite that AWS publishes, and for the SMS API from its own SDK.
  it.each([
    ['nothing but a host', 'GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['a POST', 'POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'a query, which is sorted',
      'GET',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
  ])('of a request with %s is as published', (_label, method, path, signature) => {
    const request = { method, url: `https://example.amazonaws.com${path}`, headers: {} };
    const at = Date.parse('2015-08-30T12:36:00Z');
    expect(signV4(request, { service: 'service', region: 'us-east-1' }, credentials, at)).toEqual({
      'X-Amz-Date': '20150830T123600Z',
      Authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    });
  });

  it('of an SMS is as published', () => {
    const { headers, ...rest } = sms();
    const dated = { ...rest, headers: { ...headers, 'X-Amz-Date': '20260102T030405Z' }, body: String(rest.body) };
    expect(createHash('sha256').update(canonicalRequest(dated).canonical).digest('hex')).toBe(
      '18dd21ce7663a429966ed264c2387d0091c79733a7410e750f17dd551405fea2',
    );
    const signed = signV4(
      { ...rest, headers, body: String(rest.body) },
      { service: 'sms-voice', region: 'us-east-1' },
      credentials,
      AT,
    );
    expect(signed['Authorization']).toBe(SMS_AUTHORIZATION);
  });

  it('writes a request so that both sides read the same', () => {
    const { canonical } = canonicalRequest({
      method: 'GET',
      url: "https://example.amazonaws.com:8443/a%20b/c's?b=2&a=%C3%A4+x&a=(1)&A=0",
      headers: { 'X-B': '  two   words ', 'x-a': '1' },
    });
    expect(canonical.split('\n')).toEqual([
      'GET',
      '/a%2520b/c%27s',
      'A=0&a=%281%29&a=%C3%A4%20x&b=2',
      'host:example.amazonaws.com:8443',
      'x-a:1',
      'x-b:two words',
      '',
      'host;x-a;x-b',
      createHash('sha256').update('').digest('hex'),
    ]);
  });
});

describe('a channel that signs with it', () => {
  const spec = {
    scheme: 'aws-sigv4',
    service: 'sms-voice',
    region: '{% sender.fields.region %}',
    accessKeyId: '{% sender.secrets.id %}',
    secretAccessKey: '{% sender.secrets.key %}',
    sessionToken: '{% sender.secrets.token %}',
  };
  const authorizing = (environment: Record<string, string>, mistakes: Mistake[] = [], given: object = spec) =>
    compileAuth(
      authSchema.parse(given),
      ['auth'],
      scopesOf(['region'], ['id', 'key', 'token']),
      createTemplateCompiler(mistakes),
      { now: () => AT, environment },
    ).authorize;
  const sender = (secrets: Record<string, string>) => ({ sender: { fields: { region: 'us-east-1' }, secrets } });
  const own = { AWS_ACCESS_KEY_ID: 'AKIDROLE', AWS_SECRET_ACCESS_KEY: 'role', AWS_SESSION_TOKEN: 'session' };

  it("uses the sender's access key", async () => {
    const request = await authorizing(own)(sms(), sender({ id: 'AKIDEXAMPLE', key: SECRET }));
    expect(request.headers['Authorization']).toBe(SMS_AUTHORIZATION);
    expect(request.headers['X-Amz-Security-Token']).toBeUndefined();
  });

  it.each([[{}], [{ id: '', key: '' }]])("else the function's own, whose token is signed too: %j", async (secrets) => {
    const { headers } = await authorizing(own)(sms(), sender(secrets));
    expect(headers['Authorization']).toContain('Credential=AKIDROLE/');
    expect(headers['Authorization']).toContain(';x-amz-security-token;');
    expect(headers['X-Amz-Security-Token']).toBe('session');
  });

  it.each([
    ['half an access key, which must not become the role', own, { id: 'AKIDEXAMPLE' }],
    ['no credentials at all', {}, {}],
  ])('does not sign with %s', async (_label, environment, secrets) => {
    await expect(async () => authorizing(environment)(sms(), sender(secrets))).rejects.toThrow(MissingValueError);
  });

  it('tells of an access key that is incomplete', () => {
    const mistakes: Mistake[] = [];
    authorizing({}, mistakes, { ...spec, secretAccessKey: undefined });
    expect(mistakes.map(({ message }) => message)).toEqual([
      'an access key has both "accessKeyId" and "secretAccessKey"',
    ]);
  });
});
