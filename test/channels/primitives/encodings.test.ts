import { describe, expect, it } from 'vitest';
import { form } from '../../../lambdas/channels/primitives/encodings/form.ts';
import { json, parseJson } from '../../../lambdas/channels/primitives/encodings/json.ts';
import { multipart } from '../../../lambdas/channels/primitives/encodings/multipart.ts';
import { xml } from '../../../lambdas/channels/primitives/encodings/xml.ts';

describe('JSON', () => {
  it.each([
    ['{"id":444573844083572737}', { id: '444573844083572737' }],
    ['{"id":-9007199254740993}', { id: '-9007199254740993' }],
    ['{"id":9007199254740991}', { id: 9007199254740991 }],
    ['{"id":"444573844083572737"}', { id: '444573844083572737' }],
    ['{"x":[1.5,0.1234567890123456,1e3]}', { x: [1.5, 0.1234567890123456, 1000] }],
    ['[5136431130449316903]', ['5136431130449316903']],
    ['4912661846655238145', '4912661846655238145'],
    ['{"text":"call 1234567890123456, 7","id":7}', { text: 'call 1234567890123456, 7', id: 7 }],
  ])('keeps whole numbers beyond 2^53 exactly, as text: %s', (text, expected) => {
    expect(parseJson(text)).toEqual(expected);
  });

  it('refuses what is not JSON', () => {
    expect(() => parseJson('{"id":1234567890123456789')).toThrow(SyntaxError);
  });

  it('is written without escaping what need not be', () => {
    expect(json.encode({ text: 'café <✓>' })).toBe('{"text":"café <✓>"}');
  });
});

describe('a form', () => {
  it('is percent-encoded, deeper values as JSON', () => {
    expect(form.encode({ to: '+1555', text: 'a & b', size: { big: true } })).toBe(
      'to=%2B1555&text=a+%26+b&size=%7B%22big%22%3Atrue%7D',
    );
  });

  it('is read with repeated names as lists', () => {
    expect(form.decode('a=1&b=x+y&a=2')).toEqual({ a: ['1', '2'], b: 'x y' });
  });

  it.each([
    ['a list', ['a']],
    ['a text', 'a'],
  ])('cannot carry %s', (_label, value) => {
    expect(() => form.encode(value)).toThrow(TypeError);
  });
});

describe('multipart', () => {
  it('is a list of parts', () => {
    expect(multipart.encode({ a: 1, b: ['x'] })).toEqual([
      { name: 'a', value: '1' },
      { name: 'b', value: '["x"]' },
    ]);
  });

  const bytes = new Uint8Array([1, 2]);
  it.each([
    [
      'its bytes, with what it is called and is',
      { file: 'photo', filename: 'a.png', contentType: 'image/png' },
      { photo: { bytes } },
      { value: bytes, filename: 'a.png', contentType: 'image/png' },
    ],
    [
      'the name of its step, where it has none',
      { file: 'photo' },
      { photo: { bytes } },
      { value: bytes, filename: 'photo' },
    ],
    [
      'a placeholder, where nothing was downloaded',
      { file: 'photo' },
      {},
      { value: '<steps.photo>', filename: 'photo' },
    ],
    ['no file, where none is named', { file: 7 }, { photo: { bytes } }, { value: '{"file":7}' }],
  ])('carries a file as %s', (_label, field, steps, expected) => {
    expect(multipart.encode({ f: field }, steps)).toEqual([{ name: 'f', ...expected }]);
  });

  it('is only for requests that have fields', () => {
    expect(() => multipart.encode(['a'])).toThrow(TypeError);
    expect(() => multipart.decode('--x')).toThrow(TypeError);
  });
});

describe('XML', () => {
  it('is read as texts, CDATA like any other, ids exactly', async () => {
    const text =
      '<?xml version="1.0"?><xml><From><![CDATA[o<1>]]></From><MsgId>5847060634540564918</MsgId><A/><B>1</B><B>2</B></xml>';
    expect(await xml.decode(text)).toEqual({
      xml: { From: 'o<1>', MsgId: '5847060634540564918', A: '', B: ['1', '2'] },
    });
  });

  it.each([
    ['is cut', '<xml><a>1</xml>'],
    ['is something else', 'not xml'],
    ['brings entities', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'],
  ])('is refused when it %s', async (_label, text) => {
    await expect(xml.decode(text)).rejects.toThrow(SyntaxError);
  });

  it('is written with what means something in it escaped', async () => {
    expect(await xml.encode({ xml: { Content: 'a < b & c', Empty: '' } })).toBe(
      '<xml><Content>a &lt; b &amp; c</Content><Empty></Empty></xml>',
    );
  });
});
