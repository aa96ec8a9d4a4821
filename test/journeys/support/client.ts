import twilio from 'twilio';
import { gateway } from './gateway.ts';

type SdkRequest = twilio.RequestClient['request'];

/** Sends the Twilio SDK's requests to another host: the way that the README shows. */
class GatewayRequestClient extends twilio.RequestClient {
  override request: SdkRequest = (options) => {
    const { pathname, search } = new URL(options.uri);
    return super.request({ ...options, uri: gateway.url + pathname + search });
  };
}

/** A Twilio client for the gateway; with the root account's credentials unless others are given. */
export function createClient(accountSid = gateway.accountSid, authToken = gateway.authToken): twilio.Twilio {
  return twilio(accountSid, authToken, { httpClient: new GatewayRequestClient() });
}
