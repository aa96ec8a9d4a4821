import type { HttpAnswer, HttpRequest } from '../channels/types.ts';
import { logger } from './log.ts';

/** Paths hold numbers and secrets: only their shape is logged. */
const redactPath = (path: string) => path.replace(/[^/]{16,}/g, '…').replace(/\d{5,}/g, '…');

/**
 * One line per exchange with a provider or a customer, under the message's SID: what support needs to answer
 * "what happened", and nothing that was said.
 */
export function logExchange(
  messageSid: string,
  request: Pick<HttpRequest, 'method' | 'url'>,
  result: HttpAnswer | Error,
  durationMs: number,
): void {
  const url = new URL(request.url);
  const line = { messageSid, method: request.method, host: url.host, path: redactPath(url.pathname), durationMs };
  if (result instanceof Error) {
    logger.warn('exchange failed', { ...line, reason: result.message });
    return;
  }
  const requestId = result.headers['x-request-id'] ?? result.headers['x-fb-trace-id'];
  logger.info('exchange', { ...line, status: result.status, ...(requestId && { requestId }) });
}
