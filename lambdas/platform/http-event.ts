import type { APIGatewayProxyEventV2 } from 'aws-lambda';

/** The body's text. An HTTP API hands over everything that is not plainly text, form bodies included, in base64. */
export function bodyText(event: APIGatewayProxyEventV2): string {
  const body = event.body ?? '';
  return event.isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body;
}

/** The gateway's address as the caller used it, without a final slash: right behind a custom domain too. */
export function gatewayUrl(event: APIGatewayProxyEventV2): string {
  const protocol = event.headers['x-forwarded-proto'] ?? 'https';
  return `${protocol}://${event.requestContext.domainName}`;
}
