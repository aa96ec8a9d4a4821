import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { scopesOf } from '../../../lambdas/channels/expressions/scope.ts';
import { compileEnvelope, envelopeSchema } from '../../../lambdas/channels/primitives/envelopes/registry.ts';
import { EnvelopeError, openWechatEnvelope } from '../../../lambdas/channels/primitives/envelopes/wechat-aes.ts';
import { sortedSha1 } from '../../../lambdas/channels/primitives/signatures/sorted-sha1.ts';

const KEY = 'SvFHaQqrlAhRud3ye6f8ujJsR2LeYbxzPPIzNlei2FX';
const APP = 'wx0123456789abcdef';
const XML =
  '<xml><ToUserName>gh_demo</ToUserName><FromUserName>oPKu7jgOibOA-De4u8J2RuNKpZRw</FromUserName><CreateTime>1700000000</CreateTime><MsgType>text</MsgType><Content>你好, hello!!</Content><MsgId>5847060634540564918</MsgId></xml>';
const ENCRYPTED =
  '5ZCKW4u83QGcuqHONkL1RLK77XqvGAb4JTKd9Aw2Z84miAnlK7BI3ermSgWP86h7ATAF0P5YmvVQIrlX1jG/M12mwmk2zcVPqOTC8I+eXIdEAVaxIgWHP51YFZKcSCjKrut52P4uFQYTRCu90zbz9tuze9TWqF1jBLSOYYJM8aKQ9FxvzWvIJdDWOGISGQsxW3nP5SfjQOtPyMNA13mdgtEP85Vc/XmlYNS5efFEv/lIqxuXJyYyvUujpA2j1Syq+mO7/5aUXK/2Im28rgMrhdFwK2aCAmJohZq+AIcVJfSViCLUUeNFXz70Z1BJBV/+o6RBTLO6T2TPExnTBfP5TJe9spsLtO4+P54H2R8JsrbundICVMocJWr41eAWjbko';

/** An envelope with any content, padded as told. */
function envelope(content: Buffer, padding: Buffer): string {
  const key = Buffer.from(`${KEY}=`, 'base64');
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(Buffer.concat([content, padding])), cipher.final()]).toString('base64');
}

function content(text: string, app = APP, length = Buffer.byteLength(text)): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  return Buffer.concat([Buffer.from('0123456789abcdef'), size, Buffer.from(text + app)]);
}

const pad = (to: number) => (whole: Buffer) => {
  const count = to - (whole.length % to);
  return Buffer.alloc(count, count);
};
const sealed = (whole: Buffer, padding = pad(32)(whole)) => envelope(whole, padding);

describe("WeChat's envelope", () => {
  it('is opened as published', () => {
    expect(openWechatEnvelope(ENCRYPTED, KEY, APP)).toBe(XML);
  });

  it.each([1, 12, 13, 16, 17, 28, 29, 32])('may be padded with %i bytes', (count) => {
    const text = 'x'.repeat((64 - 16 - 4 - APP.length - count + 32) % 32 || 32);
    const whole = content(text);
    expect(openWechatEnvelope(sealed(whole), KEY, APP)).toBe(text);
  });

  it.each([
    ['a key that is too short', ENCRYPTED, KEY.slice(1), APP],
    ['a key that is no base64', ENCRYPTED, `${KEY.slice(1)}!`, APP],
    ['another key', ENCRYPTED, `A${KEY.slice(1)}`, APP],
    ['another app', ENCRYPTED, KEY, 'wx0123456789abcdee'],
    ['a part of the app id', ENCRYPTED, KEY, APP.slice(1)],
    ['no content', '', KEY, APP],
    ['content that is no base64', `${ENCRYPTED.slice(0, -1)}!`, KEY, APP],
    ['content that was cut', ENCRYPTED.slice(0, -4), KEY, APP],
    ['content cut at a block', Buffer.from(ENCRYPTED, 'base64').subarray(0, -16).toString('base64'), KEY, APP],
    ['content for nobody', sealed(content('hi', '')), KEY, APP],
    ['a length beyond the end', sealed(content('hi', APP, 5_000)), KEY, APP],
    ['a length that takes in the app id', sealed(content('hi', APP, 2 + APP.length)), KEY, APP],
    ['hardly anything', sealed(Buffer.from('short')), KEY, APP],
    ['padding of nothing', sealed(content('x'.repeat(26)), Buffer.alloc(0)), KEY, APP],
    ['padding of zeros', sealed(content('hi'), Buffer.alloc(24)), KEY, APP],
    ['padding that is longer than a block', sealed(content('hi'), Buffer.alloc(56, 56)), KEY, APP],
    ['padding that is not even', sealed(content('hi'), Buffer.concat([Buffer.alloc(23), Buffer.from([24])])), KEY, APP],
  ])('is not opened with %s, and the reason shows nothing', (_label, encrypted, key, app) => {
    const opening = () => openWechatEnvelope(encrypted, key, app);
    expect(opening).toThrow(EnvelopeError);
    expect(opening).not.toThrow(/hello|wx0123|SvFH/);
  });
});

describe('a payload in an envelope', () => {
  const AT = 1_700_000_000;
  const query = { timestamp: String(AT), nonce: 'nonce123' };
  const open = compileEnvelope(
    envelopeSchema.parse({
      scheme: 'wechat-aes',
      when: '{% $exists(sender.secrets.aesKey) %}',
      key: '{% sender.secrets.aesKey %}',
      appId: '{% sender.fields.appId %}',
      encrypted: '{% webhook.body.xml.Encrypt %}',
      signature: {
        token: '{% sender.secrets.token %}',
        given: '{% webhook.query.msg_signature %}',
        parts: ['{% webhook.query.timestamp %}', '{% webhook.query.nonce %}', '{% webhook.body.xml.Encrypt %}'],
        timestamp: '{% webhook.query.timestamp %}',
        maxAge: 300,
      },
    }),
    ['inbound', 'envelope'],
    scopesOf(['appId'], ['aesKey', 'token']).webhook,
    createTemplateCompiler([]),
    () => AT * 1000,
  );
  const secrets = { aesKey: KEY, token: 'omnitoken' };
  const signature = sortedSha1(['omnitoken', query.timestamp, query.nonce, ENCRYPTED]);
  const opened = (
    { msg_signature = signature, body = { xml: { Encrypt: ENCRYPTED } } as unknown, own = secrets as object } = {},
    verified = false,
  ) => {
    const webhook = { method: 'POST' as const, headers: {}, query: { ...query, msg_signature }, body: '' };
    const sender = { fields: { appId: APP }, secrets: own };
    return open(webhook, { webhook: { ...webhook, body }, sender }, verified);
  };

  it('is what was in it', async () => {
    expect(await opened()).toBe(XML);
  });

  it('need not be in one for a sender without a key', async () => {
    expect(await opened({ own: { token: 'omnitoken' } })).toBeUndefined();
  });

  it.each([
    ['plain, although the sender has a key', { body: { xml: { Content: 'hi' } } }, 'the payload is not encrypted'],
    ['signed by nobody', { msg_signature: '' }, 'the signature is wrong'],
    ['signed by another', { msg_signature: signature.replace(/^./, 'x') }, 'the signature is wrong'],
    ['for another key', { own: { ...secrets, aesKey: `A${KEY.slice(1)}` } }, ''],
    ['for a key that is no text', { own: { ...secrets, aesKey: 7 } }, 'the sender has no key for it'],
  ])('is refused when it is %s', async (_label, given, message) => {
    const opening = opened(given);
    await expect(opening).rejects.toThrow(EnvelopeError);
    await expect(opening).rejects.toThrow(message);
  });

  it('is opened without its signature on a command line', async () => {
    expect(await opened({ msg_signature: '' }, true)).toBe(XML);
  });
});
