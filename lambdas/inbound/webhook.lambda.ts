import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod';
import { requireChannel } from '../channels/load.ts';
import { type HttpRequest, webhookRequestSchema } from '../channels/types.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { send } from '../platform/http.ts';
import { bodyText, gatewayUrl } from '../platform/http-event.ts';
import { logger } from '../platform/log.ts';
import { sendTask } from '../platform/queues.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { applyEvent } from './apply-event.ts';
import { applyDependencies } from './dependencies.ts';
import { receiveWebhook, type WebhookDependencies } from './receive-webhook.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'INBOUND_QUEUE_URL',
  'INBOUND_DLQ_URL',
  'CALLBACKS_QUEUE_URL',
  'SENDER_SECRET_PREFIX',
  'ALLOW_LOOPBACK_URLS',
);
const applying = applyDependencies(environment);
const dependencies: WebhookDependencies = {
  senders: new SenderStore(environment.TABLE_NAME),
  secrets: new SenderSecrets(environment.SENDER_SECRET_PREFIX),
  channel: requireChannel,
  apply: (event, context) => applyEvent(event, context, applying),
  postpone: (task, group, deduplicationId) => sendTask(environment.INBOUND_QUEUE_URL, task, { group, deduplicationId }),
  bury: (letter, deduplicationId) =>
    sendTask(environment.INBOUND_DLQ_URL, letter, { group: deduplicationId, deduplicationId }),
  confirm,
  now: systemClock,
};

/** The channel waits for its own answer meanwhile, some seconds in all. */
const CONFIRM_TIMEOUT_MS = 5_000;

async function confirm(request: HttpRequest): Promise<void> {
  const addresses = { allowLoopback: environment.ALLOW_LOOPBACK_URLS };
  const { status } = await send(request, { addresses, timeoutMs: CONFIRM_TIMEOUT_MS });
  if (status < 200 || status > 299) throw new Error(`The handshake's confirmation was answered with ${status}.`);
}

const pathSchema = z.object({ channel: z.string(), accountSid: z.string(), senderSid: z.string(), secret: z.string() });

/** 3 on a message's way: receives what a channel calls us with. */
export const handler = middy(async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const path = pathSchema.parse(event.pathParameters);
  const request = webhookRequestSchema.safeParse({
    method: event.requestContext.http.method,
    headers: event.headers,
    query: event.queryStringParameters ?? {},
    body: bodyText(event),
  });
  if (!request.success)
    return { statusCode: 405, headers: { allow: 'GET, POST' }, body: 'Only GET and POST are taken.' };
  const answer = await receiveWebhook(path, request.data, gatewayUrl(event), dependencies);
  return { statusCode: answer.status, headers: answer.headers ?? {}, body: answer.body };
}).onError((request) => {
  // The channel keeps the webhook and sends it again.
  logger.error('webhook failed', { error: request.error as Error });
  request.response = { statusCode: 500, body: 'The webhook could not be taken; send it again.' };
});
