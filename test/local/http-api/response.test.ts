import { describe, expect, it } from 'vitest';
import { toResponse } from '../../../local/http-api/response.ts';

const json = { 'content-type': 'application/json' };
const text = { 'content-type': 'text/plain;charset=UTF-8' };

describe('The response that an HTTP API makes of an answer', () => {
  it.each([
    ['an object without status', { a: 1 }, 200, json, '{"a":1}'],
    ['a text', 'hello', 200, json, 'hello'],
    ['nothing', null, 200, json, 'null'],
    ['a status alone', { statusCode: 204 }, 204, text, ''],
    ['a status as text', { statusCode: '201', body: 'x' }, 201, text, 'x'],
    [
      'headers',
      { statusCode: 200, headers: { 'Content-Type': 'text/xml', 'X-N': 1 } },
      200,
      { 'content-type': 'text/xml', 'x-n': '1' },
      '',
    ],
    ['cookies', { statusCode: 200, cookies: ['a=1', 'b=2'] }, 200, { ...text, 'set-cookie': ['a=1', 'b=2'] }, ''],
    ['a body in base64', { statusCode: 200, body: 'aGk=', isBase64Encoded: true }, 200, text, 'hi'],
    ['a status that is none', { statusCode: 'none' }, 500, json, '{"message":"Internal Server Error"}'],
    ['a body that is no text', { statusCode: 200, body: { a: 1 } }, 500, json, '{"message":"Internal Server Error"}'],
  ])('for %s', (_name, answer, status, headers, body) => {
    const response = toResponse(answer);
    expect({ ...response, body: response.body.toString('utf8') }).toEqual({ status, headers, body });
  });
});
