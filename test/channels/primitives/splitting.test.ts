import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measureOf, type TextUnit } from '../../../lambdas/channels/primitives/splitting/measure.ts';
import { fits, splitText } from '../../../lambdas/channels/primitives/splitting/split.ts';

const FAMILY = '👩‍👩‍👧‍👦';

describe('a text', () => {
  it.each([
    ['café', 'characters', 4],
    ['e\u0301', 'characters', 2],
    [FAMILY, 'characters', 7],
    [FAMILY, 'utf16', 11],
    ['é€👍', 'bytes', 9],
    ['a€', 'gsm7', 3],
    ['[x]', 'gsm7', 5],
    ['ж👍', 'gsm7', 3],
  ] satisfies [string, TextUnit, number][])('%s measured in %s is %i', (text, unit, size) => {
    expect(measureOf(text, unit).size(text)).toBe(size);
  });

  it.each([
    ['160 GSM-7 characters', 'a'.repeat(160), true],
    ['161 GSM-7 characters', 'a'.repeat(161), false],
    ['159 and a euro sign, which is two septets', `${'a'.repeat(159)}€`, false],
    ['70 é, which GSM-7 has', 'é'.repeat(70), true],
    ['70 ж, which it has not', 'ж'.repeat(70), true],
    ['71 ж', 'ж'.repeat(71), false],
    ['a backtick among 100', `\`${'a'.repeat(99)}`, false],
  ])('of %s fits one SMS: %s', (_label, text, expected) => {
    expect(fits(text, 160, 'gsm7')).toBe(expected);
  });
});

describe('splitting', () => {
  it.each([
    ['after white space', 'one two three', 9, ['one two ', 'three']],
    ['where the limit falls on a space, before it', 'one two three', 7, ['one two', ' three']],
    ['inside a word that is longer than a part', 'incomprehensible', 6, ['incomp', 'rehens', 'ible']],
    ['at a word boundary when the last space is far back', 'a bcdefgh-ijklmnop', 12, ['a bcdefgh-', 'ijklmnop']],
    ['between Thai words, which have no spaces', 'ภาษาไทยง่ายนิดเดียว', 9, ['ภาษาไทย', 'ง่ายนิด', 'เดียว']],
    ['never inside an emoji', `ab${FAMILY}cd`, 8, ['ab', `${FAMILY}c`, 'd']],
    ['nowhere when it fits', 'one two', 7, ['one two']],
  ])('cuts %s', (_label, text, max, parts) => {
    expect(splitText(text, max, 'characters')).toEqual(parts);
  });

  it('cuts inside what a reader sees as one character only when that alone is over the limit', () => {
    expect(splitText(FAMILY, 3, 'characters').join('')).toBe(FAMILY);
    expect(splitText(FAMILY, 3, 'characters').every((part) => fits(part, 3, 'characters'))).toBe(true);
  });

  it('does not put an escape and its character in two SMS', () => {
    const parts = splitText(`${'a'.repeat(152)}€${'a'.repeat(152)}`, 153, 'gsm7');
    expect(parts.map((part) => part.length)).toEqual([152, 152, 1]);
  });

  it('loses nothing and keeps the limit, whatever the text and the unit', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 0, maxLength: 200 });
    const units = fc.constantFrom<TextUnit>('characters', 'utf16', 'bytes', 'gsm7');
    fc.assert(
      fc.property(text, units, fc.integer({ min: 10, max: 80 }), (given, unit, max) => {
        const parts = splitText(given, max, unit);
        const measure = measureOf(given, unit);
        expect(parts.join('')).toBe(given);
        expect(parts.every((part) => measure.size(part) <= measure.limit(max))).toBe(true);
        expect(given === '' || parts.every((part) => part !== '')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('of 100,000 characters without a space takes no time worth mentioning', () => {
    const started = performance.now();
    splitText('我'.repeat(100_000), 4096, 'characters');
    expect(performance.now() - started).toBeLessThan(2000);
  });
});
