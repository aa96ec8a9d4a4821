import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { newSid } from '../../domain/sid.ts';
import { TwilioError } from '../../domain/twilio-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { logger } from '../../platform/log.ts';
import { type ApiEvent, json } from './request.ts';

/**
 * The outermost middleware: turns whatever is thrown into Twilio's error body, gives every answer Twilio's headers, and
 * logs one line per request. What is no `TwilioError` is answered 500 without details; they are in the log.
 */
export function twilioAnswers(now: Clock): MiddlewareObj<ApiEvent, APIGatewayProxyStructuredResultV2> {
  return {
    before({ event }) {
      event.receivedAt = now();
      event.requestSid = newSid('RQ', event.receivedAt);
    },
    after(request) {
      if (request.response) request.response = finished(request.event, request.response, now());
    },
    onError(request) {
      const error = asTwilioError(request.error, request.event);
      const answer = json(error.status, error.toBody());
      // What Twilio's own answer has is not known; a browser or curl asks for credentials with it, and no SDK minds.
      if (error.status === 401) answer.headers = { ...answer.headers, 'www-authenticate': 'Basic realm="Switchboard"' };
      request.response = finished(request.event, answer, now(), error.code);
    },
  };
}

function asTwilioError(error: unknown, event: ApiEvent): TwilioError {
  if (error instanceof TwilioError) return error;
  logger.error('unexpected error', { error: error as Error, requestSid: event.requestSid });
  return new TwilioError(20500, 'An internal server error has occurred');
}

function finished(
  event: ApiEvent,
  answer: APIGatewayProxyStructuredResultV2,
  at: number,
  code?: number,
): APIGatewayProxyStructuredResultV2 {
  const durationMs = at - (event.receivedAt ?? at);
  // Not the path and the query as they came: a mistyped one may hold a phone number or a webhook's secret.
  logger.info('request', {
    requestSid: event.requestSid,
    method: event.requestContext.http.method,
    resource: event.resource,
    ...event.parameters,
    accountSid: event.account?.sid,
    status: answer.statusCode,
    code,
    durationMs,
  });
  return {
    ...answer,
    headers: {
      ...answer.headers,
      'twilio-request-id': event.requestSid ?? '',
      'twilio-request-duration': (durationMs / 1_000).toFixed(3),
    },
  };
}
