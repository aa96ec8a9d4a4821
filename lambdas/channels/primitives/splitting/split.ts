import { type Measure, measureOf, type TextUnit } from './measure.ts';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const words = new Intl.Segmenter(undefined, { granularity: 'word' });

/** True when a text is within the limit, counted in the unit. */
export function fits(text: string, max: number, unit: TextUnit): boolean {
  const measure = measureOf(text, unit);
  return measure.size(text) <= measure.limit(max);
}

/**
 * Cuts a text into parts that each fit the limit. Nothing is lost: the parts joined are the text. A cut falls after white
 * space if it can, else between words (Thai and Chinese have them without spaces), else between characters as a reader
 * sees them; only one such character that is itself too long is cut inside.
 */
export function splitText(text: string, max: number, unit: TextUnit): string[] {
  // No character counts more than three times its UTF-16 units in any unit, so most texts need no closer look.
  if (text.length * 3 * (unit === 'gsm7' ? 16 / 7 : 1) <= max) return [text];
  const measure = measureOf(text, unit);
  const limit = measure.limit(max);
  if (measure.size(text) <= limit) return [text];

  const parts: string[] = [];
  let part: string[] = [];
  let size = 0;
  for (const character of pieces(text, measure, limit)) {
    const characterSize = measure.size(character);
    // What a cut at a word carries over may itself leave no room.
    while (part.length > 0 && size + characterSize > limit) {
      const kept = cutAt(part, character);
      parts.push(part.slice(0, kept).join(''));
      part = part.slice(kept);
      size = measure.size(part.join(''));
    }
    part.push(character);
    size += characterSize;
  }
  parts.push(part.join(''));
  return parts;
}

/** The characters of a text as a reader sees them; one that alone is over the limit comes as its code points. */
function* pieces(text: string, measure: Measure, limit: number): Generator<string> {
  for (const { segment } of graphemes.segment(text)) {
    if (measure.size(segment) <= limit) yield segment;
    else yield* segment;
  }
}

/** How many characters of a full part to keep, given the character that follows it. */
function cutAt(part: readonly string[], next: string): number {
  if (isSpace(next) || isSpace(part.at(-1))) return part.length;
  const space = part.findLastIndex(isSpace) + 1;
  // A cut at white space in the first half would make many short parts; then a word boundary is better.
  if (space > part.length / 2) return space;
  const starts = new Set<number>();
  for (const { index } of words.segment(part.join('') + next)) starts.add(index);
  let offset = part.join('').length;
  for (let kept = part.length; kept > part.length / 2; kept--) {
    if (starts.has(offset)) return kept;
    offset -= part[kept - 1]?.length ?? 0;
  }
  return space > 0 ? space : part.length;
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && /^\s+$/.test(character);
}
