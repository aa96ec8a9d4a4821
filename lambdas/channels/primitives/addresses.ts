import { isPossiblePhoneNumber } from 'libphonenumber-js/min';
import * as z from 'zod';

const pattern = z.string().refine(isPattern, 'is no regular expression');
const sender = z
  .strictObject({ pattern: pattern.describe('A regular expression that the whole id must match') })
  .optional()
  .describe("What a sender's own address looks like, where it is not like a contact's: a page's id, an agent's name");

export const addressSchema = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('e164').describe('A phone number; inside the engine its digits without `+`'),
        scheme: z.string().describe("What an address starts with in Twilio's API, with its colon; empty for SMS"),
        or: pattern.optional().describe('What a contact without a number has instead: a regular expression'),
        sender,
      })
      .describe('Phone numbers, checked for the length that their country has'),
    z
      .strictObject({
        kind: z.literal('pattern').describe("An id of the provider's making, kept as it is"),
        scheme: z.string().describe("What an address starts with in Twilio's API, with its colon"),
        pattern: pattern.describe('A regular expression that the whole id must match: `U[0-9a-f]{32}`'),
        sender,
      })
      .describe('Ids that only the provider understands'),
  ])
  .describe("What a contact's address looks like");
export type AddressSpec = z.infer<typeof addressSchema>;

/** Whose address it is: a contact's, or our sender's. */
export type Side = 'contact' | 'sender';

export interface AddressKind {
  /** Twilio's spelling without scheme → the engine's, or undefined for what is no address of that side. */
  parse(text: string, side?: Side): string | undefined;
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

const E164_DIGITS = /^[1-9]\d{6,14}$/;
const SEPARATORS = /[\s().-]/g;
const AS_PEOPLE_WRITE = /^\+?[\d\s().-]+$/;

export function addressKind(spec: AddressSpec): AddressKind {
  const isNumbers = spec.kind === 'e164';
  const contact = spec.kind === 'pattern' ? id(spec.pattern) : phoneNumberOr(spec.or);
  // Where contacts are phone numbers a sender may be one too, and else what its pattern says: a short code, a name.
  const special = spec.sender?.pattern;
  const own = isNumbers ? phoneNumberOr(special) : special === undefined ? contact : id(special);
  return {
    parse: (text, side = 'contact') => (side === 'contact' ? contact(text) : own(text)),
    format: (address) => (isNumbers && E164_DIGITS.test(address) ? `+${address}` : address),
    normalise: (text) =>
      isNumbers && AS_PEOPLE_WRITE.test(text) ? text.replace(SEPARATORS, '').replace(/^\+/, '') : text,
  };
}

function phoneNumber(text: string): string | undefined {
  const number = text.replace(SEPARATORS, '');
  return number.startsWith('+') && E164_DIGITS.test(number.slice(1)) && isPossiblePhoneNumber(number)
    ? number.slice(1)
    : undefined;
}

function phoneNumberOr(pattern: string | undefined): (text: string) => string | undefined {
  if (pattern === undefined) return phoneNumber;
  const other = id(pattern);
  return (text) => phoneNumber(text) ?? other(text);
}

function id(pattern: string): (text: string) => string | undefined {
  const whole = new RegExp(`^(?:${pattern})$`);
  return (text) => (whole.test(text) ? text : undefined);
}
