import * as z from 'zod';

/** How providers count a text. */
export const textUnitSchema = z
  .enum(['characters', 'utf16', 'bytes', 'gsm7'])
  .describe(
    'How the provider counts: `characters` (code points), `utf16` (code units, an emoji is 2), `bytes` (of UTF-8), ' +
      '`gsm7` (septets; a text with any other character counts in UCS-2 units, of which 7/16 as many fit: 160 and 70)',
  );
export type TextUnit = z.infer<typeof textUnitSchema>;

export interface Measure {
  size(text: string): number;
  /** The part of a limit that a text of this kind may use. */
  limit(max: number): number;
}

const GSM7_BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Each is an escape and a character: two septets. */
const GSM7_EXTENSION = new Set('\f^{}\\[~]|€');

const WHOLE = (max: number) => max;
const MEASURES: Record<Exclude<TextUnit, 'gsm7'> | 'gsm7' | 'ucs2', Measure> = {
  characters: { size: countCodePoints, limit: WHOLE },
  utf16: { size: (text) => text.length, limit: WHOLE },
  bytes: { size: (text) => Buffer.byteLength(text), limit: WHOLE },
  gsm7: { size: countSeptets, limit: WHOLE },
  // The same octets hold 7-bit septets or 16-bit units.
  ucs2: { size: (text) => text.length, limit: (max) => Math.floor((max * 7) / 16) },
};

/** How to measure this text: one character outside GSM-7 puts the whole message in UCS-2. */
export function measureOf(text: string, unit: TextUnit): Measure {
  return MEASURES[unit === 'gsm7' && !isGsm7(text) ? 'ucs2' : unit];
}

function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function isGsm7(text: string): boolean {
  for (const character of text) {
    if (!GSM7_BASIC.has(character) && !GSM7_EXTENSION.has(character)) return false;
  }
  return true;
}

function countSeptets(text: string): number {
  let count = 0;
  for (const character of text) count += GSM7_EXTENSION.has(character) ? 2 : 1;
  return count;
}
