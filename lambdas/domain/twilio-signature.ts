import { createHmac } from 'node:crypto';

/**
 * `X-Twilio-Signature` of a form request: base64(HMAC-SHA1(auth token, URL + each key and value, sorted by key)).
 * The URL is the one configured, without user, password and fragment. A GET carries its parameters in the URL, so `params` is empty.
 * Source: Twilio, "Webhooks security".
 */
export function twilioSignature(authToken: string, url: string, params: Record<string, string>): string {
  const data = Object.entries(params)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => key + value)
    .join('');
  return createHmac('sha1', authToken)
    .update(signedUrl(url) + data, 'utf8')
    .digest('base64');
}

/** The part of a webhook URL that is requested and signed: no fragment (it holds connection settings), no credentials. */
export function signedUrl(url: string): string {
  return url.replace(/#.*$/s, '').replace(/^(https?:\/\/)[^/?@]*@/i, '$1');
}
