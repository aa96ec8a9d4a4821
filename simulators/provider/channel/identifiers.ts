import { randomBytes, randomInt, randomUUID } from 'node:crypto';

const SHORTEST = 16;
const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';

/**
 * A new id in the manner of another: as many digits, or hex digits, or letters, with the same prefix. Never one that
 * happened before: what is short is made longer, unless it is a number, which is unlikely to come twice anyway.
 */
export function idLike(sample: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(sample)) return randomUUID();
  if (/^\d+$/.test(sample)) return sample.slice(0, 1) + randomOf(DIGITS, Math.max(sample.length, SHORTEST) - 1);
  const [, prefix = '', rest = ''] = /^([A-Za-z]+[._:-])?(.*)$/s.exec(sample) ?? [];
  if (/^[0-9a-f]{16,}$/.test(rest)) return prefix + randomOf(HEX, rest.length);
  const characters = [...rest].map((character) => {
    if (/\d/.test(character)) return randomOf(DIGITS, 1);
    if (/[a-z]/.test(character)) return randomOf(LOWER, 1);
    return /[A-Z]/.test(character) ? randomOf(LOWER, 1).toUpperCase() : character;
  });
  const missing = Math.max(0, SHORTEST - characters.length);
  return prefix + characters.join('') + randomOf(LOWER, missing);
}

/** A token that nobody guesses. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

function randomOf(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
