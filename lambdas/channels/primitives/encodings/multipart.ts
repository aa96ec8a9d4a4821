import { type Encoding, flatFields } from './encoding.ts';

/** `multipart/form-data` as a list of parts; the HTTP client writes the boundary. Only for requests. */
export const multipart: Encoding = {
  contentType: undefined,
  encode: (value) => flatFields(value).map(([name, field]) => ({ name, value: field })),
  decode: () => {
    throw new TypeError('a multipart body cannot be read');
  },
};
