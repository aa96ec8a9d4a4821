import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { decodeAnswer } from '../../../lambdas/channels/http/answer.ts';
import { isOfHosts } from '../../../lambdas/channels/http/hosts.ts';
import { withQuery } from '../../../lambdas/channels/http/query.ts';
import { compileRequest, MissingValueError, requestSchema } from '../../../lambdas/channels/http/request.ts';

const compiled = (spec: object) =>
  compileRequest(
    requestSchema.parse({ method: 'POST', url: 'https://x.example/', ...spec }),
    [],
    { a: true },
    createTemplateCompiler([]),
  );

describe('a request', () => {
  it.each([
    ['nothing but its URL', {}, {}],
    ['headers, as texts', { headers: { 'X-N': '{% a.n %}', 'X-None': '{% a.none %}' } }, { headers: { 'X-N': '7' } }],
    [
      'a query, without what is missing',
      { query: { n: '{% a.n %}', t: '{% a.text %}', none: '{% a.none %}' } },
      { url: 'https://x.example/?n=7&t=caf%C3%A9+%26' },
    ],
    ['no body where all of it is missing', { body: { x: '{% a.none %}' } }, {}],
    [
      'a body, and what it is',
      { body: { n: '{% a.n %}' } },
      { headers: { 'Content-Type': 'application/json' }, body: '{"n":7}' },
    ],
    [
      'a content type of its own',
      { headers: { 'Content-Type': 'application/x-amz-json-1.0' }, body: {} },
      { headers: { 'Content-Type': 'application/x-amz-json-1.0' }, body: '{}' },
    ],
    [
      'a form',
      { encoding: 'form', body: { t: '{% a.text %}' } },
      { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: 't=caf%C3%A9+%26' },
    ],
    [
      'a URL whose base comes as it is, and whose other holes are one segment each',
      { url: '{% a.base %}/{% a.id %}/send' },
      { url: 'https://y.example/v1/a%2F..%3F/send' },
    ],
    [
      'what only JSONata can say',
      { body: { n: '{% $count(a.list) %}' } },
      { headers: { 'Content-Type': 'application/json' }, body: '{"n":2}' },
    ],
  ])('has %s', async (_label, spec, expected) => {
    const a = { n: 7, text: 'café &', base: 'https://y.example/v1', id: 'a/..?', list: [1, 2] };
    const request = { method: 'POST', url: 'https://x.example/', headers: {}, ...expected };
    expect(await compiled(spec)({ a })).toEqual(request);
  });

  it('is nobody else’s: whoever signs it writes on it', async () => {
    const build = compiled({ headers: { 'X-A': '1' } });
    const [first, second] = [await build({}), await build({})];
    first.headers['Authorization'] = 'x';
    expect(second.headers).toEqual({ 'X-A': '1' });
  });

  it('without its URL is not made, and the error names the hole alone', async () => {
    const building = async () => compiled({ url: 'https://x.example/{% a.id %}' })({ a: { other: 'PRIVATE' } });
    await expect(building).rejects.toThrow(MissingValueError);
    await expect(building).rejects.toThrow('{% a.id %}');
    await expect(building).rejects.not.toThrow('PRIVATE');
  });
});

describe('query parameters', () => {
  it.each([
    ['https://x.example/', {}, 'https://x.example/'],
    ['https://x.example/', { a: '1', b: '2' }, 'https://x.example/?a=1&b=2'],
    ['https://x.example/?v=2', { a: 'x y&=' }, 'https://x.example/?v=2&a=x+y%26%3D'],
    ['https://x.example/', { 'a[0]': 'ü' }, 'https://x.example/?a%5B0%5D=%C3%BC'],
    ['https://x.example/', { a: 'half \ud83d' }, 'https://x.example/?a=half+%EF%BF%BD'],
  ])('%s with %j is %s', (url, parameters, expected) => {
    expect(withQuery(url, parameters)).toBe(expected);
  });
});

describe('a host that a spec names', () => {
  it.each([
    ['https://api.x.example/1', ['api.x.example'], true],
    ['https://API.X.example/1', ['api.x.EXAMPLE'], true],
    ['https://api.x.example/1', ['*.x.example'], true],
    ['https://other.example/', ['api.x.example', 'other.example'], true],
    ['https://x.example/', ['*.x.example'], false],
    ['https://a.b.x.example/', ['*.x.example'], false],
    ['https://api.x.example.evil.example/', ['api.x.example'], false],
    ['https://evilx.example/', ['x.example'], false],
    ['https://api.x.example@evil.example/', ['api.x.example'], false],
    ['https://me@api.x.example/', ['api.x.example'], false],
    ['https://api.x.example:8443/', ['api.x.example'], false],
    ['http://api.x.example/', ['api.x.example'], false],
    ['https://.x.example/', ['*.x.example'], false],
    ['//api.x.example/', ['api.x.example'], false],
    ['', ['api.x.example'], false],
  ])('%s is of %j: %s', (url, hosts, expected) => {
    expect(isOfHosts(url, hosts)).toBe(expected);
  });
});

describe("an answer's body", () => {
  it.each([
    ['json', '{"id":5847060634540564918}', { id: '5847060634540564918' }],
    ['json', '<html></html>', undefined],
    ['json', '', undefined],
    ['json', ' \n', undefined],
    ['form', 'a=1&b=2', { a: '1', b: '2' }],
    ['xml', '<a><b>1</b></a>', { a: { b: '1' } }],
    ['xml', '<a><b>1</a>', undefined],
  ] as const)('of %s, %j, is read as %j', async (encoding, body, expected) => {
    const headers = { 'x-a': '1' };
    expect(await decodeAnswer({ status: 418, headers, body }, encoding)).toEqual({
      status: 418,
      headers,
      body: expected,
    });
  });
});
