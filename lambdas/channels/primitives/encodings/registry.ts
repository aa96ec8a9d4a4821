import type { Encoding } from './encoding.ts';
import { form } from './form.ts';
import { json } from './json.ts';
import { multipart } from './multipart.ts';
import { xml } from './xml.ts';

/** Every encoding that a spec can name. */
export const ENCODINGS = { json, form, xml, multipart } as const satisfies Record<string, Encoding>;
export type EncodingName = keyof typeof ENCODINGS;
