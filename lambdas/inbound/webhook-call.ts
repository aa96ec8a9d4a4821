import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod';
import { gatewayUrl } from '../platform/http-event.ts';
import type { WebhookPath } from './receive-webhook.ts';

const pathSchema = z.object({ channel: z.string(), accountSid: z.string(), senderSid: z.string(), secret: z.string() });

/** `/webhooks/<channel>/<account>/<sender>/<secret>` */
const PATH = /^\/webhooks\/(?<channel>[^/]+)\/(?<accountSid>[^/]+)\/(?<senderSid>[^/]+)\/(?<secret>[^/]+)$/;

/**
 * Whose webhook an event is, and where the gateway is reached. An HTTP API has taken the path apart and is the gateway's address;
 * a function URL does neither.
 * @param ownUrl the gateway's address where the event does not say it
 * @returns undefined where the path is no webhook's
 */
export function webhookCall(
  event: APIGatewayProxyEventV2,
  ownUrl: string,
): { path: WebhookPath; gatewayUrl: string } | undefined {
  if (event.pathParameters) return { path: pathSchema.parse(event.pathParameters), gatewayUrl: gatewayUrl(event) };
  const groups = PATH.exec(event.rawPath)?.groups;
  return groups && { path: pathSchema.parse(groups), gatewayUrl: ownUrl };
}
