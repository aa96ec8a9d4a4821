import { createHash, createHmac } from 'node:crypto';
import { parseJson } from '../primitives/encodings/json.ts';

/**
 * What expressions can call besides JSONata's own functions. All of them are pure, and none throws: for what it cannot take, a
 * function yields nothing, as a path does that leads nowhere.
 */
export const FUNCTIONS: Readonly<Record<string, (...values: unknown[]) => unknown>> = {
  values: valuesOf,
  uuid: uuidOf,
  hmac: hmacOf,
  json: jsonOf,
  fromBase64,
  toBase64: (text) => (typeof text === 'string' ? Buffer.from(text, 'utf8').toString('base64') : undefined),
};

/** `$values(x)`: the values of an object in key order, or the elements of a list. */
function valuesOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : Object.values(value);
}

/** `$uuid(a, b, …)`: the same UUID (RFC 9562, version 8, from SHA-256) for the same values. Nothing when one is missing. */
function uuidOf(...values: unknown[]): string | undefined {
  if (values.length === 0 || values.some((value) => value === undefined || value === null)) return undefined;
  const bytes = createHash('sha256').update(JSON.stringify(values)).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const ALGORITHMS: readonly unknown[] = ['sha1', 'sha256', 'sha512'];

/** `$hmac(algorithm, key, text, encoding)`: a keyed hash, in `hex` (the default) or `base64`. Never one with an empty key. */
function hmacOf(algorithm: unknown, key: unknown, text: unknown, encoding: unknown = 'hex'): string | undefined {
  if (!ALGORITHMS.includes(algorithm) || (encoding !== 'hex' && encoding !== 'base64')) return undefined;
  if (typeof key !== 'string' || key === '' || typeof text !== 'string') return undefined;
  return createHmac(String(algorithm), key).update(text, 'utf8').digest(encoding);
}

/** `$json(text)`: the value that a JSON text stands for, whole numbers beyond 2^53 as texts. Nothing for what is not JSON. */
function jsonOf(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** `$fromBase64(text)`: the UTF-8 text. Nothing for what is not base64, which Node would decode to rubbish. */
function fromBase64(text: unknown): string | undefined {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, 'base64').toString('utf8');
}
