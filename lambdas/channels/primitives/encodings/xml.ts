import type { Encoding } from './encoding.ts';

/**
 * XML as an object of its elements, attributes left out. All values are texts (ids stay exact), CDATA is plain text, and a
 * document type is refused: with it come entities, and with those files of the host and bombs.
 */
export const xml: Encoding = {
  contentType: 'text/xml',
  // The parser is large and few channels need it, so it is loaded on the first use.
  encode: async (value) => {
    const { XMLBuilder } = await import('fast-xml-parser');
    return new XMLBuilder({ suppressEmptyNode: false }).build(value);
  },
  decode: async (text) => {
    if (/<!DOCTYPE/i.test(text)) throw new SyntaxError('a document type is not accepted');
    const { XMLParser, XMLValidator } = await import('fast-xml-parser');
    const valid = XMLValidator.validate(text);
    if (valid !== true) throw new SyntaxError(`not XML (line ${valid.err.line})`);
    return new XMLParser({ parseTagValue: false, ignoreDeclaration: true }).parse(text);
  },
};
