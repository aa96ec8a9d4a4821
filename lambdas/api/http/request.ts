import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Account } from '../../domain/account.ts';
import { type Form, parseForm } from '../../domain/form.ts';
import { TwilioError } from '../../domain/twilio-error.ts';

/** The longest body read, in bytes: several times what the largest sensible request needs. */
export const MAX_BODY_BYTES = 65_536;

/** A request that was routed and authenticated: what every handler of a resource is given. */
export interface ApiRequest {
  event: APIGatewayProxyEventV2;
  account: Account;
  /** The variable parts of the path, by name. */
  parameters: Readonly<Record<string, string>>;
  /** Names this request in logs and in the `Twilio-Request-Id` header. */
  requestSid: string;
}

export type ResourceHandler = (request: ApiRequest) => Promise<APIGatewayProxyStructuredResultV2>;

/** An HTTP API event on its way through the middlewares, each of which adds what it found out. */
export type ApiEvent = APIGatewayProxyEventV2 & {
  requestSid?: string;
  receivedAt?: number;
  /** The path of the resource that was found, with `{name}` for its SIDs. */
  resource?: string;
  handle?: ResourceHandler;
  parameters?: Readonly<Record<string, string>>;
  account?: Account;
};

/** The body's bytes: an HTTP API hands over form bodies in base64. Throws 413 when there are too many. */
export function bodyOf(event: APIGatewayProxyEventV2): Buffer {
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.length > MAX_BODY_BYTES) {
    throw new TwilioError(20422, `The request body is larger than ${MAX_BODY_BYTES} bytes.`, { status: 413 });
  }
  return bytes;
}

/** The form in the body. A body of any other type counts as no parameters at all, as on Twilio. */
export function formOf(event: APIGatewayProxyEventV2): Form {
  const bytes = bodyOf(event);
  const contentType = event.headers['content-type'] ?? 'application/x-www-form-urlencoded';
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(contentType.trim());
  return isForm ? parseForm(bytes) : new Map();
}

/** The query's parameters. */
export function queryOf(event: APIGatewayProxyEventV2): Form {
  return parseForm(Buffer.from(event.rawQueryString ?? '', 'utf8'));
}

/** An answer with a JSON body. */
export function json(statusCode: number, body: unknown): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** An answer without a body: something was removed. */
export const noContent = (): APIGatewayProxyStructuredResultV2 => ({ statusCode: 204 });
