import { createHash, randomBytes } from 'node:crypto';

/** What each SID prefix names; the letters are Twilio's, but for `DL`, a dead letter. */
export type SidPrefix = 'AC' | 'SM' | 'MM' | 'ME' | 'XE' | 'SK' | 'RQ' | 'DL';

/** A 32-hex-digit SID with one of the given prefixes, any letter case (Twilio's own pattern). */
export const sidPattern = (...prefixes: SidPrefix[]) => new RegExp(`^(${prefixes.join('|')})[0-9a-fA-F]{32}$`);

/**
 * Makes a SID whose 32 hex digits are a UUIDv7, so SIDs of one kind sort by creation time and
 * a range of dates is a range of keys.
 * @param at milliseconds since the epoch
 */
export function newSid(prefix: SidPrefix, at: number): string {
  return prefix + uuidV7Hex(at, randomBytes(10));
}

/**
 * The SID for something that has a name of its own elsewhere: the same prefix, time and name always give the same SID,
 * so a webhook that a provider sends twice finds the message it already made.
 */
export function derivedSid(prefix: SidPrefix, at: number, ...name: string[]): string {
  return prefix + uuidV7Hex(at, createHash('sha256').update(name.join('\u0000')).digest().subarray(0, 10));
}

/** The SID of a message's media item, by its place in the message. */
export function mediaSid(messageSid: string, index: number): string {
  return derivedSid('ME', sidTime(messageSid), messageSid, String(index));
}

/** When a SID was made, in milliseconds since the epoch. */
export function sidTime(sid: string): number {
  return Number.parseInt(sid.slice(2, 14), 16);
}

/** The smallest hex tail of any SID made at or after `at`: the lower bound of a key range. */
export function sidFloor(at: number): string {
  return Math.max(0, Math.floor(at)).toString(16).padStart(12, '0');
}

function uuidV7Hex(at: number, random: Uint8Array): string {
  const time = sidFloor(at);
  const tail = Buffer.from(random);
  // RFC 9562: version 7 in the high nibble of byte 6, variant 10 in the high bits of byte 8.
  tail.writeUInt8((tail.readUInt8(0) & 0x0f) | 0x70, 0);
  tail.writeUInt8((tail.readUInt8(2) & 0x3f) | 0x80, 2);
  return time + tail.toString('hex');
}
