import { randomBytes } from 'node:crypto';

/** Message ids are opaque base64url; those of a business start differently from those of a contact. */
export function businessMessageId(): string {
  return `gBEG${randomBytes(17).toString('base64url')}`;
}

export function contactMessageId(): string {
  return `ABEG${randomBytes(17).toString('base64url')}`;
}

/**
 * The WhatsApp id of a phone number (digits): the same, except where a country changed its numbers and WhatsApp kept
 * the old form. Brazil drops the ninth digit, Mexico and Argentina add one after the country code.
 */
export function waIdOf(number: string): string {
  if (/^55\d{2}9\d{8}$/.test(number)) return number.slice(0, 4) + number.slice(5);
  if (/^52[2-9]\d{9}$/.test(number)) return `521${number.slice(2)}`;
  if (/^54[1-8]\d{9}$/.test(number)) return `549${number.slice(2)}`;
  return number;
}
