import * as z from 'zod';
import type { Roots, Scope } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';
import type { WebhookRequest } from '../../types.ts';
import { compileSecret } from '../signatures/secret.ts';
import { compileSortedSha1, sortedSha1Schema } from '../signatures/sorted-sha1.ts';
import { EnvelopeError, openWechatEnvelope } from './wechat-aes.ts';

export const envelopeSchema = z
  .discriminatedUnion('scheme', [
    z
      .strictObject({
        scheme: z.literal('wechat-aes').describe("WeChat's: AES-256-CBC, with the length and the app id inside"),
        when: z
          .string()
          .describe(
            'When a payload must be in the envelope: `{% $exists(sender.secrets.aesKey) %}`. Ask what we know and not what ' +
              'the webhook says, or a stranger leaves the envelope away',
          ),
        key: z.string().describe('The EncodingAESKey of 43 characters: `{% sender.secrets.aesKey %}`'),
        appId: z.string().describe('The app id that the content must end with'),
        encrypted: z.string().describe('Where the body has the encrypted text'),
        signature: sortedSha1Schema
          .extend({ scheme: z.literal('sorted-sha1').default('sorted-sha1') })
          .optional()
          .describe('What signs the encrypted text'),
      })
      .describe("WeChat's encrypted mode"),
  ])
  .describe('Encryption of payloads; what comes out is decoded as if it had come plain');
export type EnvelopeSpec = z.infer<typeof envelopeSchema>;

/**
 * The text that was in the envelope; undefined where the payload need not be in one.
 * @throws EnvelopeError for one that is missing, not signed, or cannot be opened
 */
export type OpenEnvelope = (webhook: WebhookRequest, roots: Roots, verified: boolean) => Promise<string | undefined>;

export function compileEnvelope(
  spec: EnvelopeSpec,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
  now: () => number,
): OpenEnvelope {
  const when = compiler.template(spec.when, [...path, 'when'], scope);
  const key = compileSecret(spec.key, [...path, 'key'], scope, compiler);
  const appId = compiler.template(spec.appId, [...path, 'appId'], scope);
  const encrypted = compiler.template(spec.encrypted, [...path, 'encrypted'], scope);
  const verify = spec.signature && compileSortedSha1(now)(spec.signature, [...path, 'signature'], scope, compiler);
  return async (webhook, roots, verified) => {
    if (!(await when.run(roots))) return undefined;
    const [content, secret, app] = await Promise.all([encrypted.run(roots), key.run(roots), appId.run(roots)]);
    if (typeof content !== 'string') throw new EnvelopeError('the payload is not encrypted');
    if (typeof secret !== 'string' || typeof app !== 'string') throw new EnvelopeError('the sender has no key for it');
    if (verify && !verified && !(await verify(webhook, roots))) throw new EnvelopeError('the signature is wrong');
    return openWechatEnvelope(content, secret, app);
  };
}
