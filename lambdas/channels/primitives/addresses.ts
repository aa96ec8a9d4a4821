import { isPossiblePhoneNumber } from 'libphonenumber-js/min';
import * as z from 'zod';

export const addressSchema = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('e164').describe('A phone number; inside the engine its digits without `+`'),
        scheme: z.string().describe("What an address starts with in Twilio's API, with its colon; empty for SMS"),
      })
      .describe('Phone numbers, checked for the length that their country has'),
    z
      .strictObject({
        kind: z.literal('opaque').describe("An id of the provider's making, kept as it is"),
        scheme: z.string().describe("What an address starts with in Twilio's API, with its colon"),
        pattern: z
          .string()
          .refine(isPattern, 'is no regular expression')
          .describe('A regular expression that the whole id must match: `U[0-9a-f]{32}`'),
      })
      .describe('Ids that only the provider understands'),
  ])
  .describe("What a contact's address looks like");
export type AddressSpec = z.infer<typeof addressSchema>;

export interface AddressKind {
  /** Twilio's spelling without scheme → the engine's, or undefined for what is no address. */
  parse(text: string): string | undefined;
  /** The engine's spelling → Twilio's without scheme. */
  format(address: string): string;
  /** An address as a provider writes it → the engine's. Not checked: what a provider says is so. */
  normalise(text: string): string;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

const SEPARATORS = /[\s().-]/g;

export function addressKind(spec: AddressSpec): AddressKind {
  if (spec.kind === 'e164') {
    return {
      parse: (text) => {
        const number = text.replace(SEPARATORS, '');
        return /^\+[1-9]\d{6,14}$/.test(number) && isPossiblePhoneNumber(number) ? number.slice(1) : undefined;
      },
      format: (address) => `+${address}`,
      normalise: (text) => (/^\+?[\d\s().-]+$/.test(text) ? text.replace(SEPARATORS, '').replace(/^\+/, '') : text),
    };
  }
  const pattern = new RegExp(`^(?:${spec.pattern})$`);
  return {
    parse: (text) => (pattern.test(text) ? text : undefined),
    format: (address) => address,
    normalise: (text) => text,
  };
}
