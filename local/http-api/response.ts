import { z } from 'zod';

/** What goes out over HTTP. `set-cookie` is the only header with several values. */
export interface OutgoingResponse {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
}

const structuredSchema = z.object({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/**
 * What an HTTP API makes of a function's answer, payload format 2.0: with a `statusCode` it is the response, without one
 * the whole value is the JSON body of a 200. An answer that is neither gets 500.
 */
export function toResponse(answer: unknown): OutgoingResponse {
  if (typeof answer !== 'object' || answer === null || !('statusCode' in answer)) {
    const body = typeof answer === 'string' ? answer : JSON.stringify(answer);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
  }
  const parsed = structuredSchema.safeParse(answer);
  if (!parsed.success) return gatewayError(500, 'Internal Server Error');
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data;
  const outgoing: OutgoingResponse['headers'] = { 'content-type': 'text/plain;charset=UTF-8' };
  for (const [name, value] of Object.entries(headers ?? {})) outgoing[name.toLowerCase()] = String(value);
  if (cookies && cookies.length > 0) outgoing['set-cookie'] = cookies;
  return { status: statusCode, headers: outgoing, body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8') };
}

/** An answer of the gateway itself, as HTTP APIs word it. */
export function gatewayError(status: number, message: string): OutgoingResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ message })) };
}
