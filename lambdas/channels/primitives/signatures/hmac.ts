import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { type CompileSignature, headerOf } from './scheme.ts';
import { compileSecret } from './secret.ts';

export const HMAC_SCHEMES = [
  'hmac-sha1-hex',
  'hmac-sha1-base64',
  'hmac-sha256-hex',
  'hmac-sha256-base64',
  'hmac-sha512-hex',
  'hmac-sha512-base64',
] as const;
export type HmacScheme = (typeof HMAC_SCHEMES)[number];

export const hmacSchema = z
  .strictObject({
    scheme: z.enum(HMAC_SCHEMES).describe('The HMAC of the raw body: its hash, and how it is written'),
    key: z.string().describe('The key: `{% sender.secrets.appSecret %}`'),
    header: z.string().describe('The header that carries the signature; letter case does not matter'),
    prefix: z.string().default('').describe('What stands before the signature in the header: `sha256=`'),
    over: z.string().optional().describe('The text that is signed, where it is not the raw body'),
    decode: z.literal('base64').optional().describe('The text of `over` is base64, and what it stands for is signed'),
  })
  .describe('A keyed hash of the raw body or a part of it, in a header');

export const compileHmac: CompileSignature<z.infer<typeof hmacSchema>> = (spec, path, scope, compiler) => {
  const { scheme, prefix, decode } = spec;
  const header = spec.header.toLowerCase();
  const key = compileSecret(spec.key, [...path, 'key'], scope, compiler);
  const over = compiler.template(spec.over, [...path, 'over'], scope);
  if (decode !== undefined && spec.over === undefined) {
    compiler.mistake({ path: [...path, 'decode'], message: 'say with "over" what is to be decoded' });
  }
  return async (webhook, roots) => {
    const given = headerOf(webhook, header);
    if (given === undefined || !given.startsWith(prefix)) return false;
    const secret = await key.run(roots);
    const text = spec.over === undefined ? webhook.body : await over.run(roots);
    if (typeof secret !== 'string' || secret === '' || typeof text !== 'string') return false;
    return verifyHmac(scheme, secret, Buffer.from(text, decode ?? 'utf8'), given.slice(prefix.length));
  };
};

/** Whether `signature` (without any prefix) is the HMAC of what is signed. Takes equally long for every wrong one. */
export function verifyHmac(scheme: HmacScheme, key: string, signed: string | Uint8Array, signature: string): boolean {
  const [, algorithm = '', encoding] = scheme.split('-');
  const expected = createHmac(algorithm, key)
    .update(signed)
    .digest(encoding === 'hex' ? 'hex' : 'base64');
  // Texts are compared, not decoded bytes: Node decodes leniently, and `mBe9…PzpI` with rubbish after it is not the signature.
  return equalInConstantTime(encoding === 'hex' ? signature.toLowerCase() : signature, expected);
}

/** Compares two texts without telling by its duration where they differ. */
export function equalInConstantTime(given: string, expected: string): boolean {
  const left = Buffer.from(given);
  const right = Buffer.from(expected);
  return left.length === right.length && timingSafeEqual(left, right);
}
