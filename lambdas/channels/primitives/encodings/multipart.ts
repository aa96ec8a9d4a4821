import { type Encoding, fieldText } from './encoding.ts';

/** A file in a multipart body, as a spec writes it. */
export interface FileField {
  /** The step that downloads it. */
  file: string;
  filename?: string;
  contentType?: string;
}

/** Whether a field of a multipart body is a file. */
export function isFileField(field: unknown): field is FileField {
  return typeof field === 'object' && field !== null && typeof (field as { file?: unknown }).file === 'string';
}

/** `multipart/form-data` as a list of parts; the HTTP client writes the boundary. Only for requests. */
export const multipart: Encoding = {
  contentType: undefined,
  encode: (value, steps = {}) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new TypeError('the body must be a mapping of names to values');
    }
    return Object.entries(value).map(([name, field]) => {
      if (!isFileField(field)) return { name, value: fieldText(field) };
      const { file, filename, contentType } = field;
      const { bytes } = (steps[file] ?? {}) as { bytes?: Uint8Array };
      return {
        name,
        value: bytes ?? `<steps.${file}>`,
        // Without a file name servers take a part for a plain field.
        filename: filename ?? file,
        ...(contentType !== undefined && { contentType }),
      };
    });
  },
  decode: () => {
    throw new TypeError('a multipart body cannot be read');
  },
};
