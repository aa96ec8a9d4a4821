import type { Encoding } from './encoding.ts';

/** Where a number begins, and has as many digits as cannot be kept; most long digits are in texts, right after a quote. */
const LONG_NUMBER = /(?:^|[:,[\s-])\d{16}/;
const WHOLE_NUMBER = /^-?\d+$/;

/**
 * Reads JSON with whole numbers beyond 2^53 kept exactly, as text: providers' message ids are that long, and a rounded id
 * matches nothing. Other numbers stay numbers. Throws `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  // A reviver makes parsing several times slower; without sixteen digits in a row there is nothing to rescue.
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  const revive = (_key: string, value: unknown, context: { source?: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && WHOLE_NUMBER.test(context.source ?? '')
      ? context.source
      : value;
  return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]);
}

export const json: Encoding = {
  contentType: 'application/json',
  encode: (value) => JSON.stringify(value),
  decode: parseJson,
};
