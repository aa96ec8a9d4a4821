import { createHash } from 'node:crypto';
import * as z from 'zod';
import { timeOf } from '../timestamp.ts';
import { equalInConstantTime } from './hmac.ts';
import type { CompileSignature } from './scheme.ts';
import { compileSecret } from './secret.ts';

export const sortedSha1Schema = z
  .strictObject({
    scheme: z.literal('sorted-sha1').describe('SHA-1 of a shared token and other parts, sorted and put together'),
    token: z.string().describe('The shared token: `{% sender.secrets.token %}`'),
    given: z.string().describe('Where the webhook has the signature, in hex: `{% webhook.query.signature %}`'),
    parts: z.array(z.string()).min(1).describe('What is signed besides the token'),
    timestamp: z.string().optional().describe('Where the webhook says when it was signed'),
    maxAge: z
      .int()
      .positive()
      .optional()
      .describe('Seconds after which a signature is too old: whoever saw one could use it for ever'),
  })
  .describe('SHA-1 in hex over the sorted parts. It does not cover the body unless a part is the body');

/** @param now the time, ms since the epoch */
export function compileSortedSha1(
  now: () => number,
): CompileSignature<Omit<z.infer<typeof sortedSha1Schema>, 'scheme'>> {
  return (spec, path, scope, compiler) => {
    const token = compileSecret(spec.token, [...path, 'token'], scope, compiler);
    const given = compiler.template(spec.given, [...path, 'given'], scope);
    const parts = spec.parts.map((part, index) => compiler.template(part, [...path, 'parts', index], scope));
    const timestamp = compiler.template(spec.timestamp, [...path, 'timestamp'], scope);
    if ((spec.timestamp === undefined) !== (spec.maxAge === undefined)) {
      compiler.mistake({ path, message: 'an age is known with both "timestamp" and "maxAge"' });
    }
    return async (_webhook, roots) => {
      const signature = await given.run(roots);
      const values = await Promise.all([token, ...parts].map((part) => part.run(roots)));
      if (typeof signature !== 'string' || !values.every((value) => typeof value === 'string' && value !== ''))
        return false;
      if (!equalInConstantTime(signature.toLowerCase(), sortedSha1(values as string[]))) return false;
      return spec.maxAge === undefined || isRecent(await timestamp.run(roots), spec.maxAge, now());
    };
  };
}

/** SHA-1, in hex, of the parts sorted by their bytes and put together. */
export function sortedSha1(parts: readonly string[]): string {
  const sorted = parts.map((part) => Buffer.from(part)).sort(Buffer.compare);
  return createHash('sha1').update(Buffer.concat(sorted)).digest('hex');
}

/** A signature from the future is as wrong as an old one; clocks differ by less than what is allowed for either. */
function isRecent(time: unknown, maxAge: number, now: number): boolean {
  const at = timeOf(time);
  return at !== undefined && Math.abs(now - at) <= maxAge * 1000;
}
