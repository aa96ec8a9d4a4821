import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { deriveAuthToken } from '../../lambdas/domain/auth-token.ts';
import { toEvent } from '../../local/http-api/event.ts';
import { MASTER_KEY, ROOT_ACCOUNT_SID } from './aws.ts';

/** A request as a client would make it. */
export interface TestRequest {
  method?: string;
  /** With query. */
  path: string;
  headers?: Record<string, string>;
  /** Parameters in order, a JSON value, or the body as bytes. */
  form?: [name: string, value: string][];
  json?: unknown;
  bytes?: Uint8Array;
  /** `user:password`; undefined sends no credentials. */
  credentials?: string | undefined;
}

export interface TestAnswer {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

export const tokenOf = (accountSid: string, generation = 1) => deriveAuthToken(MASTER_KEY, accountSid, generation);
export const ROOT_CREDENTIALS = `${ROOT_ACCOUNT_SID}:${tokenOf(ROOT_ACCOUNT_SID)}`;

type Handler = (event: APIGatewayProxyEventV2, context: Context) => Promise<APIGatewayProxyStructuredResultV2>;

/** Calls a handler with the event that an HTTP API makes of a request, as the root account unless told otherwise. */
export async function call(handler: Handler, request: TestRequest): Promise<TestAnswer> {
  const credentials = 'credentials' in request ? request.credentials : ROOT_CREDENTIALS;
  const headers: Record<string, string> = { Host: 'gateway.example', ...contentType(request), ...request.headers };
  if (credentials !== undefined) headers['Authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const event = toEvent(
    {
      method: request.method ?? 'GET',
      target: request.path,
      rawHeaders: Object.entries(headers).flat(),
      body: Buffer.from(bodyOf(request)),
      sourceIp: '192.0.2.1',
      port: 80,
    },
    { apiId: 'api', routeKey: '$default', pathParameters: {} },
  );
  const answer = await handler(event, {} as Context);
  return {
    status: answer.statusCode ?? 0,
    headers: Object.fromEntries(Object.entries(answer.headers ?? {}).map(([name, value]) => [name, String(value)])),
    body: answer.body ? (JSON.parse(answer.body) as Record<string, unknown>) : {},
  };
}

function contentType({ form, json }: TestRequest): Record<string, string> {
  if (form) return { 'Content-Type': 'application/x-www-form-urlencoded' };
  return json === undefined ? {} : { 'Content-Type': 'application/json' };
}

function bodyOf({ form, json, bytes }: TestRequest): string | Uint8Array {
  if (bytes) return bytes;
  if (form) return form.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  return json === undefined ? '' : JSON.stringify(json);
}
