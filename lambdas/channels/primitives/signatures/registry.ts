import * as z from 'zod';
import { EvaluationError } from '../../expressions/evaluator.ts';
import type { Scope } from '../../expressions/scope.ts';
import type { TemplateCompiler } from '../../expressions/template.ts';
import type { SpecPath } from '../../mistakes.ts';
import { compileHmac, hmacSchema } from './hmac.ts';
import type { VerifySignature } from './scheme.ts';
import { compileSharedSecret, sharedSecretSchema } from './shared-secret.ts';
import { compileSortedSha1, sortedSha1Schema } from './sorted-sha1.ts';

/** Every way in which a spec can say that webhooks are signed. */
export const signatureSchema = z
  .discriminatedUnion('scheme', [
    z
      .strictObject({
        scheme: z.literal('none').describe('The provider signs nothing; the secret in the webhook path guards it'),
      })
      .describe('No signature'),
    hmacSchema,
    sortedSha1Schema,
    sharedSecretSchema,
  ])
  .describe('How a webhook proves that it comes from the provider');
export type SignatureSpec = z.infer<typeof signatureSchema>;

export function compileSignature(
  spec: SignatureSpec,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
  now: () => number,
): VerifySignature {
  const verify = compileScheme(spec, path, scope, compiler, now);
  return async (webhook, roots) => {
    try {
      return await verify(webhook, roots);
    } catch (error) {
      // A payload on which the spec's expressions fail is not the provider's.
      if (error instanceof EvaluationError) return false;
      throw error;
    }
  };
}

function compileScheme(
  spec: SignatureSpec,
  path: SpecPath,
  scope: Scope,
  compiler: TemplateCompiler,
  now: () => number,
): VerifySignature {
  switch (spec.scheme) {
    case 'none':
      return async () => true;
    case 'sorted-sha1':
      return compileSortedSha1(now)(spec, path, scope, compiler);
    case 'shared-secret':
      return compileSharedSecret(spec, path, scope, compiler);
    default:
      return compileHmac(spec, path, scope, compiler);
  }
}
