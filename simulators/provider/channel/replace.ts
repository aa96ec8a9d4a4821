/** What to put in place of what, in an example. */
export type Replacements = ReadonlyMap<string, string>;

/** Shorter texts are replaced only where they are the whole of a value: `ok` or `17` may be part of anything. */
const SHORTEST_PART = 5;

/** A number that JavaScript cannot hold, as its digits; `JSON.stringify` writes it as it is. */
interface RawJson {
  rawJSON: string;
}
const rawJson = (JSON as unknown as { rawJSON(text: string): RawJson }).rawJSON;
const isRawJson = (JSON as unknown as { isRawJSON(value: unknown): value is RawJson }).isRawJSON;

/**
 * An example's body with other values in it, in whatever it is written: JSON (also JSON in a text of JSON, and in base64
 * there), XML, a form. Numbers stay numbers, however long.
 */
export function replaceIn(body: string, replacements: Replacements): string {
  if (/^\s*[{[]/.test(body)) return replaceInJson(body, replacements);
  if (/^\s*</.test(body)) return replaceInXml(body, replacements);
  return body
    .split('&')
    .map((field) => {
      const [name = '', value = ''] = field.split('=');
      const plain = decodeURIComponent(value.replaceAll('+', ' '));
      const other = replaceInValue(plain, replacements);
      return other === plain ? field : `${name}=${encodeURIComponent(other)}`;
    })
    .join('&');
}

/** A plain text with other values in it: all in one pass, the longest first, so what was put in is not replaced again. */
export function replaceInValue(text: string, replacements: Replacements): string {
  const whole = replacements.get(text);
  if (whole !== undefined) return whole;
  const parts = [...replacements.keys()].filter((from) => from.length >= SHORTEST_PART && text.includes(from));
  if (parts.length === 0) return text;
  const longestFirst = parts.sort((left, right) => right.length - left.length).map(escapePattern);
  return text.replaceAll(new RegExp(longestFirst.join('|'), 'g'), (found) => replacements.get(found) ?? found);
}

/** A text as a regular expression that finds it and nothing else. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** What stands between tags, one text after the other; in CDATA a text is written as it is. */
function replaceInXml(body: string, replacements: Replacements): string {
  return body.replaceAll(/<!\[CDATA\[([\s\S]*?)\]\]>|>([^<]+)</g, (found, plain?: string, escaped?: string) =>
    plain === undefined
      ? `>${escapeXml(replaceInValue(unescapeXml(escaped ?? ''), replacements))}<`
      : found.replace(plain, () => replaceInValue(plain, replacements).replaceAll(']]>', ']] >')),
  );
}

function replaceInJson(body: string, replacements: Replacements): string {
  const parsed: unknown = JSON.parse(body, ((_key: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
      ? rawJson(context.source ?? '')
      : value) as Parameters<typeof JSON.parse>[1]);
  return JSON.stringify(replaced(parsed, replacements));
}

function replaced(value: unknown, replacements: Replacements): unknown {
  if (typeof value === 'string') return replaceInLeaf(value, replacements);
  if (typeof value === 'number') return numberOr(replacements.get(String(value)), value);
  if (isRawJson(value)) return numberOr(replacements.get(value.rawJSON), value);
  if (Array.isArray(value)) return value.map((item) => replaced(item, replacements));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item, replacements)]));
  }
  return value;
}

function numberOr(text: string | undefined, fallback: unknown): unknown {
  if (text === undefined) return fallback;
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? rawJson(text) : text;
}

function replaceInLeaf(text: string, replacements: Replacements): string {
  if (isJson(text)) return replaceInJson(text, replacements);
  const decoded = decodedBase64(text);
  if (decoded !== undefined) return Buffer.from(replaceInJson(decoded, replacements)).toString('base64');
  return replaceInValue(text, replacements);
}

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function decodedBase64(text: string): string | undefined {
  // `{"` in base64: an object.
  if (!/^eyJ?[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const decoded = Buffer.from(text, 'base64').toString('utf8');
  return isJson(decoded) ? decoded : undefined;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
