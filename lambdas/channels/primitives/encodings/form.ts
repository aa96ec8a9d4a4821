import { type Encoding, flatFields } from './encoding.ts';

/** `a=1&b=2`, percent-encoded. A name that comes more than once is read as a list. */
export const form: Encoding = {
  contentType: 'application/x-www-form-urlencoded',
  encode: (value) => new URLSearchParams(flatFields(value)).toString(),
  decode: (text) => {
    const parameters = new URLSearchParams(text);
    return Object.fromEntries(
      [...new Set(parameters.keys())].map((name) => {
        const values = parameters.getAll(name);
        return [name, values.length === 1 ? values[0] : values];
      }),
    );
  },
};
