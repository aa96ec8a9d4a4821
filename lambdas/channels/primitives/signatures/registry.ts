import * as z from 'zod';
import type { Roots, Scopes } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';
import type { WebhookRequest } from '../../types.ts';
import { HMAC_SCHEMES, verifyHmac } from './hmac.ts';

export const signatureSchema = z
  .discriminatedUnion('scheme', [
    z
      .strictObject({
        scheme: z.literal('none').describe('The provider signs nothing; the secret in the webhook path guards it'),
      })
      .describe('No signature'),
    z
      .strictObject({
        scheme: z.enum(HMAC_SCHEMES).describe('The HMAC of the raw body: its hash, and how it is written'),
        key: z.string().describe('The key: `{% sender.secrets.appSecret %}`'),
        header: z.string().describe('The header that carries the signature; letter case does not matter'),
        prefix: z.string().default('').describe('What stands before the signature in the header: `sha256=`'),
      })
      .describe('A keyed hash of the raw body, in a header'),
  ])
  .describe('How a webhook proves that it comes from the provider');
export type SignatureSpec = z.infer<typeof signatureSchema>;

/** Whether a webhook is the provider's. */
export type VerifySignature = (webhook: WebhookRequest, roots: Roots) => Promise<boolean>;

export function compileSignature(
  spec: SignatureSpec,
  path: SpecPath,
  scopes: Scopes,
  compiler: TemplateCompiler,
): VerifySignature {
  if (spec.scheme === 'none') return async () => true;
  const { scheme, prefix } = spec;
  const header = spec.header.toLowerCase();
  const key = compiler.template(spec.key, [...path, 'key'], scopes.webhook);
  if (!/\{%\s*sender\.secrets\./.test(spec.key)) {
    compiler.mistake({
      path: [...path, 'key'],
      message: 'a signature needs a secret as its key: {% sender.secrets.… %}',
    });
  }
  return async (webhook, roots) => {
    const secret = await key.run(roots);
    const given = webhook.headers[header];
    if (typeof secret !== 'string' || secret === '' || given === undefined || !given.startsWith(prefix)) return false;
    return verifyHmac(scheme, secret, webhook.body, given.slice(prefix.length));
  };
}
