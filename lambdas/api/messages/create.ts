import { parseMessageRequest } from '../../domain/message-request.ts';
import { toTwilioMessage } from '../../domain/twilio-message.ts';
import type { AddressPolicy } from '../../domain/url-policy.ts';
import { logger } from '../../platform/log.ts';
import { formOf, json, type ResourceHandler } from '../http/request.ts';
import { type AcceptDependencies, acceptMessage } from './accept-message.ts';
import { hashOf, idempotencyKeyOf } from './idempotency.ts';

/** `POST Messages.json` → 201 with the message, `queued`. */
export function createMessage(dependencies: AcceptDependencies, policy: AddressPolicy): ResourceHandler {
  return async ({ event, account, requestSid }) => {
    const form = formOf(event);
    const key = idempotencyKeyOf(event);
    const request = parseMessageRequest(form, policy);
    // Ignored, as Twilio does; their names (not their values) may explain what somebody is missing.
    if (request.unknown.length > 0) {
      logger.info('unknown parameters', { requestSid, parameters: request.unknown.slice(0, 10).map(shortened) });
    }
    const idempotency = key === undefined ? undefined : { key, requestHash: hashOf(form) };
    const { message, channel } = await acceptMessage(request, account.sid, idempotency, dependencies);
    return json(201, toTwilioMessage(message, channel.address.format));
  };
}

const shortened = (name: string) => name.slice(0, 40);
