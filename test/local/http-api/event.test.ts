import { describe, expect, it } from 'vitest';
import { type IncomingRequest, toEvent } from '../../../local/http-api/event.ts';

const route = { apiId: 'api', routeKey: 'ANY /{proxy+}', pathParameters: { proxy: 'a' } };

function request(changes: Partial<IncomingRequest> = {}): IncomingRequest {
  return {
    method: 'POST',
    target: '/a',
    rawHeaders: ['Host', 'gateway.example:8080'],
    body: Buffer.alloc(0),
    sourceIp: '127.0.0.1',
    port: 8080,
    ...changes,
  };
}

describe('The event of an HTTP API', () => {
  it.each([
    ['text/plain', false],
    ['text/xml; charset=utf-8', false],
    ['application/json', false],
    ['Application/JSON;charset=UTF-8', false],
    ['application/xml', false],
    ['application/javascript', false],
    ['application/x-www-form-urlencoded', true],
    ['application/vnd.api+json', true],
    ['multipart/form-data; boundary=x', true],
    ['image/png', true],
    ['', true],
  ])('carries a body of type "%s" in base64: %s', (type, encoded) => {
    const body = Buffer.from('Body=Grüße');
    const event = toEvent(request({ body, rawHeaders: ['Host', 'h', ...(type ? ['Content-Type', type] : [])] }), route);

    expect(event.isBase64Encoded).toBe(encoded);
    expect(event.body).toBe(encoded ? body.toString('base64') : 'Body=Grüße');
  });

  it('has no body when there is none', () => {
    expect(toEvent(request(), route)).not.toHaveProperty('body');
  });

  it('has header names in lower case, repeated ones joined by commas, and no hop-by-hop headers', () => {
    const rawHeaders = ['Host', 'h', 'X-One', 'a', 'x-one', 'b', 'Connection', 'close', 'Transfer-Encoding', 'chunked'];
    expect(toEvent(request({ rawHeaders }), route).headers).toEqual({
      host: 'h',
      'x-one': 'a,b',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-port': '8080',
      'x-forwarded-proto': 'http',
    });
  });

  it('does not believe what a client says about forwarding', () => {
    const rawHeaders = ['Host', 'h', 'X-Forwarded-Proto', 'https', 'X-Forwarded-For', '10.0.0.1'];
    expect(toEvent(request({ rawHeaders }), route).headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
    });
  });

  it('has cookies in a list of their own', () => {
    const event = toEvent(request({ rawHeaders: ['Host', 'h', 'Cookie', 'a=1; b=2', 'Cookie', 'c=3'] }), route);
    expect(event.cookies).toEqual(['a=1', 'b=2', 'c=3']);
    expect(event.headers).not.toHaveProperty('cookie');
  });

  it.each([
    ['/a?To=%2B1&To=b+c&x', 'To=%2B1&To=b+c&x', { To: '+1,b c', x: '' }],
    ['/a?', '', undefined],
    ['/a', '', undefined],
  ])('reads the query of %s', (target, rawQueryString, queryStringParameters) => {
    const event = toEvent(request({ target }), route);
    expect(event.rawQueryString).toBe(rawQueryString);
    expect(event.queryStringParameters).toEqual(queryStringParameters);
  });

  it.each([
    ['/whatsapp%3A%2B1555', '/whatsapp:+1555'],
    ['/a%2', '/a%2'],
  ])('decodes the path %s, in spite of the name', (target, rawPath) => {
    const event = toEvent(request({ target }), route);
    expect(event.rawPath).toBe(rawPath);
    expect(event.requestContext.http.path).toBe(rawPath);
  });

  it('says which host was called, by which route', () => {
    const event = toEvent(request(), route);
    expect(event.requestContext).toMatchObject({
      domainName: 'gateway.example:8080',
      routeKey: 'ANY /{proxy+}',
      stage: '$default',
      http: { method: 'POST', sourceIp: '127.0.0.1' },
    });
    expect(event.pathParameters).toEqual({ proxy: 'a' });
  });
});
