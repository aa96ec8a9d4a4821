import twilio from 'twilio';
import { call, tokenOf } from './api.ts';
import { ROOT_ACCOUNT_SID } from './aws.ts';

/** The parameters of a request, as the SDK's own HTTP client writes them: a list is its name repeated. */
const pairs = (values: unknown): [string, string][] =>
  Object.entries((values ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, String(one)]),
  );

/** Twilio's SDK, whose requests go to a handler of the v2010 API instead of over the network. */
export function twilioClient(handler: Parameters<typeof call>[0]): twilio.Twilio {
  const httpClient = {
    request: async ({ method, uri, data, params }: Record<string, unknown>) => {
      const { pathname } = new URL(String(uri));
      const query = new URLSearchParams(pairs(params)).toString();
      const { status, body } = await call(handler, {
        method: String(method).toUpperCase(),
        path: query ? `${pathname}?${query}` : pathname,
        ...(data !== undefined && { form: pairs(data) }),
      });
      return { statusCode: status, body, headers: {} };
    },
  };
  return twilio(ROOT_ACCOUNT_SID, tokenOf(ROOT_ACCOUNT_SID), { httpClient: httpClient as never });
}
