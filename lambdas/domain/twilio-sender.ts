import type { Sender } from './sender.ts';

export const SENDERS_PATH = '/v2/Channels/Senders';

/**
 * A sender as Twilio's API shows it. Its secrets are not part of it: they are never shown.
 * @param format the channel's spelling of an address with scheme
 * @param baseUrl the gateway's, without a slash at its end
 */
export function toTwilioSender(sender: Sender, format: (address: string) => string, baseUrl: string) {
  const { webhook } = sender;
  return {
    sid: sender.sid,
    status: sender.status,
    sender_id: format(sender.address),
    configuration: sender.fields,
    webhook: {
      callback_url: webhook.callbackUrl ?? null,
      callback_method: webhook.callbackMethod,
      fallback_url: webhook.fallbackUrl ?? null,
      fallback_method: webhook.fallbackMethod,
      status_callback_url: webhook.statusCallbackUrl ?? null,
      status_callback_method: 'POST',
    },
    profile: { name: sender.profileName ?? null },
    compliance: null,
    properties: null,
    offline_reasons: null,
    url: `${baseUrl}${SENDERS_PATH}/${sender.sid}`,
  };
}
