import { createHash } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Form } from '../../domain/form.ts';
import { TwilioError } from '../../domain/twilio-error.ts';

/** Where a client may put its key; the first one present counts. The first is the header Twilio's own webhooks carry. */
const HEADERS = ['i-twilio-idempotency-token', 'idempotency-key'] as const;

/** The client's key for this request, if it gave one: 1 to 255 printable ASCII characters, else 20422. */
export function idempotencyKeyOf(event: APIGatewayProxyEventV2): string | undefined {
  const key = HEADERS.map((name) => event.headers[name]).find((value) => value !== undefined);
  if (key === undefined) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new TwilioError(20422, 'An idempotency key must be 1 to 255 printable ASCII characters without spaces.');
  }
  return key;
}

/** The same for the same parameters, in whichever order they come. */
export function hashOf(form: Form): string {
  const parameters = [...form].sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(parameters)).digest('hex');
}
