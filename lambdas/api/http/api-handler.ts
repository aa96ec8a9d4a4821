import middy from '@middy/core';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { notFound } from '../../domain/twilio-error.ts';
import { type Clock, systemClock } from '../../platform/clock.ts';
import type { MasterKey } from '../../platform/master-key.ts';
import type { AccountStore } from '../../platform/stores/accounts.ts';
import { twilioAnswers } from './answers.ts';
import { authentication } from './authentication.ts';
import type { ApiEvent } from './request.ts';
import { type Resource, routing } from './routing.ts';

/** A Lambda handler for an HTTP API (payload 2.0) that serves resources in Twilio's manner. */
export function apiHandler(
  resources: readonly Resource[],
  { accounts, masterKey, now = systemClock }: { accounts: AccountStore; masterKey: MasterKey; now?: Clock },
) {
  return middy<ApiEvent, APIGatewayProxyStructuredResultV2>()
    .use(twilioAnswers(now))
    .use(routing(resources))
    .use(authentication(accounts, masterKey))
    .handler(async (event) => {
      const { handle, account, parameters = {}, requestSid = '' } = event;
      if (!handle || !account) throw notFound(event.rawPath);
      return handle({ event, account, parameters, requestSid });
    });
}
