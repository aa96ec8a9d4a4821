import * as z from 'zod';
import type { SenderContext } from './types.ts';

export const registrationInputSchema = z
  .strictObject({
    description: z.string().describe('What it is, as an error message says it'),
    format: z.enum(['text', 'url']).default('text').describe('`url`: a base URL; slashes at its end do not count'),
    default: z.string().optional().describe('What it is when it is not given; without a default it is required'),
    optional: z.boolean().default(false).describe('True where a sender may do without it'),
  })
  .describe('Something that a sender needs');
export type RegistrationInput = z.infer<typeof registrationInputSchema>;

/** The inputs as the Senders API asks for them. */
export function describeInputs(
  inputs: Record<string, RegistrationInput>,
): Record<string, { description: string; required: boolean }> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { description, default: fallback, optional }]) => [
      name,
      { description, required: fallback === undefined && !optional },
    ]),
  );
}

/** Makes a sender what expressions see: defaults filled in, base URLs without the slash at their end. */
export function compileCompletion(registration: {
  fields: Record<string, RegistrationInput>;
  secrets: Record<string, RegistrationInput>;
}): (sender: SenderContext) => SenderContext {
  const fields = compileValues(registration.fields);
  const secrets = compileValues(registration.secrets);
  return (sender) => ({ address: sender.address, fields: fields(sender.fields), secrets: secrets(sender.secrets) });
}

function compileValues(inputs: Record<string, RegistrationInput>) {
  const special = Object.entries(inputs).filter(([, input]) => input.default !== undefined || input.format === 'url');
  if (special.length === 0) return (given: Record<string, string>) => given;
  return (given: Record<string, string>): Record<string, string> => {
    const values = { ...given };
    for (const [name, input] of special) {
      const value = values[name] ?? input.default;
      if (value !== undefined) values[name] = input.format === 'url' ? value.replace(/\/+$/, '') : value;
    }
    return values;
  };
}
