import twilio from 'twilio';

/** How an application reaches a gateway. */
export interface Access {
  url: string;
  accountSid: string;
  authToken: string;
}

/** The Twilio SDK, its requests sent to the gateway in the way that the README shows. */
export function createClient({ url, accountSid, authToken }: Access): twilio.Twilio {
  class Gateway extends twilio.RequestClient {
    override request: twilio.RequestClient['request'] = (options) => {
      const { pathname, search } = new URL(options.uri);
      return super.request({ ...options, uri: url + pathname + search });
    };
  }
  return twilio(accountSid, authToken, { httpClient: new Gateway() });
}
