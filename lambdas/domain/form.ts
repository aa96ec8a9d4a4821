import { TwilioError } from './twilio-error.ts';

/** The parameters of a form or query, each with its values in order. Names are case-sensitive. */
export type Form = ReadonlyMap<string, readonly string[]>;

/**
 * Decodes `application/x-www-form-urlencoded` bytes, strictly: what is not UTF-8 or not percent-encoding is an error
 * (20422), where URLSearchParams would put replacement characters into somebody's message.
 */
export function parseForm(bytes: Uint8Array): Form {
  const form = new Map<string, string[]>();
  for (const pair of decodeUtf8(bytes).split('&')) {
    if (pair === '') continue;
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? [];
    const key = decodeComponent(name);
    const values = form.get(key);
    if (values) values.push(decodeComponent(value));
    else form.set(key, [decodeComponent(value)]);
  }
  return form;
}

/** A parameter that may be given once; an empty one counts as absent. Throws 20422 when it is repeated. */
export function single(form: Form, name: string): string | undefined {
  const values = form.get(name) ?? [];
  if (values.length > 1) throw new TwilioError(20422, `The parameter '${name}' may be given only once`);
  return values[0] || undefined;
}

/** A parameter that may be repeated; empty values count as absent. */
export function repeated(form: Form, name: string): string[] {
  return (form.get(name) ?? []).filter((value) => value !== '');
}

/** Decodes UTF-8 bytes; throws 20422 when they are not. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new TwilioError(20422, 'The request body is not valid UTF-8');
  }
}

function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new TwilioError(20422, 'The request parameters are not valid percent-encoded UTF-8');
  }
}
