import { randomInt } from 'node:crypto';
import { z } from 'zod';

const flag = z.union([z.boolean(), z.stringbool()]).default(false);

/** `GenerateSecretString` of a secret in a template, with Secrets Manager's defaults. */
export const generateSchema = z.object({
  PasswordLength: z.coerce.number().default(32),
  ExcludeCharacters: z.string().default(''),
  ExcludeLowercase: flag,
  ExcludeUppercase: flag,
  ExcludeNumbers: flag,
  ExcludePunctuation: flag,
  IncludeSpace: flag,
  RequireEachIncludedType: z.union([z.boolean(), z.stringbool()]).default(true),
  SecretStringTemplate: z.string().optional(),
  GenerateStringKey: z.string().optional(),
});

/** Makes the password, or the JSON document with the password in it, that Secrets Manager would generate. */
export function generateSecretString(properties: unknown): string {
  const options = generateSchema.parse(properties);
  const types = [
    options.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    options.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    options.ExcludeNumbers ? '' : '0123456789',
    options.ExcludePunctuation ? '' : '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
    options.IncludeSpace ? ' ' : '',
  ]
    .map((type) => [...type].filter((character) => !options.ExcludeCharacters.includes(character)).join(''))
    .filter((type) => type !== '');
  const password = options.RequireEachIncludedType ? types.map(pick) : [];
  while (password.length < options.PasswordLength) password.push(pick(types.join('')));
  const generated = shuffle(password).join('');
  if (options.SecretStringTemplate === undefined || options.GenerateStringKey === undefined) return generated;
  const document = z.record(z.string(), z.unknown()).parse(JSON.parse(options.SecretStringTemplate));
  return JSON.stringify({ ...document, [options.GenerateStringKey]: generated });
}

function pick(characters: string): string {
  return characters.charAt(randomInt(characters.length));
}

function shuffle(characters: string[]): string[] {
  return characters
    .map((character) => ({ character, order: randomInt(2 ** 47) }))
    .sort((left, right) => left.order - right.order)
    .map(({ character }) => character);
}
