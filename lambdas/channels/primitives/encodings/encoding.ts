import type { MaybePromise } from '../../expressions/settled.ts';
import type { HttpRequest } from '../../types.ts';

/** A way to write a value as a body and to read it back. */
export interface Encoding {
  /** The `Content-Type` that a request gets; undefined where the HTTP client must write it (a multipart boundary). */
  contentType: string | undefined;
  /**
   * Throws `TypeError` for a value that it cannot carry.
   * @param steps what earlier steps gave, by their names: files above all
   */
  encode(value: unknown, steps?: Readonly<Record<string, unknown>>): MaybePromise<HttpRequest['body']>;
  /** Throws for a text that is not of this encoding. */
  decode(text: string): unknown;
}

/** The fields of a flat object as texts, for encodings that know nothing deeper: an object or a list becomes its JSON. */
export function flatFields(value: unknown): [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('the body must be a mapping of names to values');
  }
  return Object.entries(value).map(([name, field]) => [name, fieldText(field)]);
}

export function fieldText(field: unknown): string {
  return typeof field === 'object' ? JSON.stringify(field) : String(field);
}
