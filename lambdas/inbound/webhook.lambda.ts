import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { requireChannel } from '../channels/load.ts';
import { type HttpRequest, webhookRequestSchema } from '../channels/types.ts';
import { systemClock } from '../platform/clock.ts';
import { readEnvironment } from '../platform/environment.ts';
import { send } from '../platform/http.ts';
import { bodyText } from '../platform/http-event.ts';
import { logger } from '../platform/log.ts';
import { sendTask } from '../platform/queues.ts';
import { SenderSecrets } from '../platform/sender-secrets.ts';
import { DeadLetterStore } from '../platform/stores/dead-letters.ts';
import { SenderStore } from '../platform/stores/senders.ts';
import { applyEvent } from './apply-event.ts';
import { applyDependencies } from './dependencies.ts';
import { receiveWebhook, type WebhookDependencies } from './receive-webhook.ts';
import { webhookCall } from './webhook-call.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'INBOUND_QUEUE_URL',
  'CALLBACKS_QUEUE_URL',
  'SENDER_SECRET_PREFIX',
  'ROOT_ACCOUNT_SID',
  'ALLOW_LOOPBACK_URLS',
  'GATEWAY_URL',
);
const applying = applyDependencies(environment);
const deadLetters = new DeadLetterStore(environment.TABLE_NAME, environment.ROOT_ACCOUNT_SID);
const dependencies: WebhookDependencies = {
  senders: new SenderStore(environment.TABLE_NAME),
  secrets: new SenderSecrets(environment.SENDER_SECRET_PREFIX),
  channel: requireChannel,
  apply: (event, context) => applyEvent(event, context, applying),
  postpone: (task, group, deduplicationId) => sendTask(environment.INBOUND_QUEUE_URL, task, { group, deduplicationId }),
  bury: (letter, key) => deadLetters.bury(letter, key),
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

/** 3 on a message's way: receives what a channel calls us with. */
export const handler = middy(async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const call = webhookCall(event, environment.GATEWAY_URL);
  if (!call) return { statusCode: 404, body: 'No such webhook.' };
  const request = webhookRequestSchema.safeParse({
    method: event.requestContext.http.method,
    headers: event.headers,
    query: event.queryStringParameters ?? {},
    body: bodyText(event),
  });
  if (!request.success)
    return { statusCode: 405, headers: { allow: 'GET, POST' }, body: 'Only GET and POST are taken.' };
  const answer = await receiveWebhook(call.path, request.data, call.gatewayUrl, dependencies);
  return { statusCode: answer.status, headers: answer.headers ?? {}, body: answer.body };
}).onError((request) => {
  // The channel keeps the webhook and sends it again.
  logger.error('webhook failed', { error: request.error as Error });
  request.response = { statusCode: 500, body: 'The webhook could not be taken; send it again.' };
});
