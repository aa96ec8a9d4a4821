import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { ACCOUNT_ID } from '../aws.ts';

/** A request as it came in over HTTP. */
export interface IncomingRequest {
  method: string;
  /** Path and query as on the wire. */
  target: string;
  /** Name and value in turns, as on the wire: `['Host', 'a', 'Accept', 'b']`. */
  rawHeaders: readonly string[];
  body: Buffer;
  sourceIp: string;
  port: number;
}

export interface RouteFacts {
  apiId: string;
  routeKey: string;
  pathParameters: Record<string, string>;
}

/**
 * The event that an HTTP API gives a function, payload format 2.0.
 *
 * `rawPath` is decoded although its name says otherwise, and only text, JSON, XML and JavaScript bodies stay as they
 * are: a form and a body without type arrive in base64. Both were observed on AWS by others, not documented by it.
 */
export function toEvent(request: IncomingRequest, route: RouteFacts): APIGatewayProxyEventV2 {
  const { path, rawQueryString } = splitTarget(request.target);
  const { headers, cookies } = foldHeaders(request.rawHeaders);
  const host = headers['host'] ?? '';
  const now = new Date();
  headers['x-forwarded-for'] = request.sourceIp;
  headers['x-forwarded-port'] = String(request.port);
  headers['x-forwarded-proto'] = 'http';
  const query = [...new URLSearchParams(rawQueryString)];
  return {
    version: '2.0',
    routeKey: route.routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers,
    ...(query.length > 0 && { queryStringParameters: joinValues(query) }),
    ...(Object.keys(route.pathParameters).length > 0 && { pathParameters: route.pathParameters }),
    requestContext: {
      accountId: ACCOUNT_ID,
      apiId: route.apiId,
      domainName: host,
      domainPrefix: host.split('.')[0] ?? '',
      http: {
        method: request.method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: route.routeKey,
      stage: '$default',
      time: now.toISOString(),
      timeEpoch: now.getTime(),
    },
    ...encodeBody(request.body, headers['content-type']),
  };
}

/** The decoded path, and the query as it was sent. A path that cannot be decoded stays as it is. */
export function splitTarget(target: string): { path: string; rawQueryString: string } {
  const question = target.indexOf('?');
  const encoded = question < 0 ? target : target.slice(0, question);
  const rawQueryString = question < 0 ? '' : target.slice(question + 1);
  try {
    return { path: decodeURIComponent(encoded), rawQueryString };
  } catch {
    return { path: encoded, rawQueryString };
  }
}

function foldHeaders(rawHeaders: readonly string[]): { headers: Record<string, string>; cookies: string[] } {
  const pairs: [string, string][] = [];
  const cookies: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name, value] = [rawHeaders[index]?.toLowerCase() ?? '', rawHeaders[index + 1] ?? ''];
    if (name === 'cookie') cookies.push(...value.split('; '));
    else if (name !== 'connection' && name !== 'transfer-encoding') pairs.push([name, value]);
  }
  return { headers: joinValues(pairs), cookies };
}

function joinValues(pairs: Iterable<[string, string]>): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of pairs) joined[name] = Object.hasOwn(joined, name) ? `${joined[name]},${value}` : value;
  return joined;
}

const TEXT_TYPES = /^(text\/.*|application\/(json|javascript|xml))$/;

function encodeBody(body: Buffer, contentType = ''): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (TEXT_TYPES.test(type)) return { body: body.toString('utf8'), isBase64Encoded: false };
  return { body: body.toString('base64'), isBase64Encoded: true };
}
