import { snakeCase } from './json-request.ts';
import type { Registration } from './registration.ts';
import { NOT_READY, offlineReasonsOf, stepOf } from './registration-progress.ts';
import type { OfflineReason, Sender } from './sender.ts';
import { shownRate } from './sender-rate.ts';

export const SENDERS_PATH = '/v2/Channels/Senders';

/** Stands in a webhook's URL for the secret, once that is not shown any more. */
const HIDDEN = '{secret}';

/** Where the channel calls for a sender; whoever knows the secret in it is taken for the channel. */
export function webhookUrl(sender: Pick<Sender, 'sid' | 'accountSid' | 'channel'>, baseUrl: string, secret = HIDDEN) {
  return `${baseUrl}/webhooks/${sender.channel}/${sender.accountSid}/${sender.sid}/${secret}`;
}

/**
 * A sender as Twilio's API shows it. Its secrets are not part of it: they are never shown.
 * @param channel the channel's spelling of an address with scheme, and whether it is told the webhook when it is connected
 * @param baseUrl the gateway's, without a slash at its end
 * @param more `webhookSecret` only for the answer that creates it; `webhookBaseUrl` where channels call another address than
 * `baseUrl`; `registration` for a number that the gateway registers
 */
export function toTwilioSender(
  sender: Sender,
  { format, setsWebhook }: { format(address: string): string; setsWebhook: boolean },
  baseUrl: string,
  more: {
    webhookSecret?: string | undefined;
    webhookBaseUrl?: string | undefined;
    registration?: Registration | undefined;
  } = {},
) {
  const { webhookSecret, webhookBaseUrl = baseUrl, registration } = more;
  const { webhook } = sender;
  const url = `${baseUrl}${SENDERS_PATH}/${sender.sid}`;
  const toPaste = setsWebhook ? undefined : webhookUrl(sender, webhookBaseUrl, webhookSecret);
  const step = stepOf(registration);
  const properties = {
    ...(toPaste !== undefined && { webhook_url: toPaste }),
    ...(step !== undefined && { registration_step: step }),
  };
  const reasons = [
    ...offlineReasonsOf(sender, registration, url),
    ...(toPaste === undefined || webhookSecret === undefined ? [] : [notYetPasted(toPaste)]),
  ];
  return {
    sid: sender.sid,
    status: sender.status,
    sender_id: format(sender.address),
    configuration: configurationOf(sender),
    webhook: {
      callback_url: webhook.callbackUrl ?? null,
      callback_method: webhook.callbackMethod,
      fallback_url: webhook.fallbackUrl ?? null,
      fallback_method: webhook.fallbackMethod,
      status_callback_url: webhook.statusCallbackUrl ?? null,
      status_callback_method: 'POST',
    },
    profile: profileOf(sender),
    compliance: null,
    properties:
      Object.keys(properties).length > 0 ? { quality_rating: null, messaging_limit: null, ...properties } : null,
    offline_reasons: reasons.length > 0 ? reasons.map(shownReason) : null,
    url,
  };
}

function configurationOf({ fields, workflow, rate }: Sender): Record<string, string | null> {
  const inputs = Object.fromEntries(Object.entries(fields).map(([name, value]) => [snakeCase(name), value]));
  const shown = { ...inputs, ...shownRate(rate) };
  return workflow === undefined ? shown : { ...shown, verification_code: null };
}

/** Of what is registered elsewhere only the name is known here. */
function profileOf({ profileName, profile, workflow }: Sender) {
  const name = profileName ?? null;
  if (workflow === undefined) return { name };
  return {
    name,
    about: profile?.about ?? null,
    address: profile?.address ?? null,
    description: profile?.description ?? null,
    vertical: profile?.vertical ?? null,
    logo_url: profile?.logoUrl ?? null,
    emails: profile?.emails ?? null,
    websites: profile?.websites ?? null,
  };
}

const shownReason = ({ code, message, moreInfo }: OfflineReason) => ({ code, message, more_info: moreInfo });

/** What is still to be done by hand. The sender is ONLINE all the same: it can send. */
function notYetPasted(url: string): OfflineReason {
  const message =
    "Nothing comes in yet: set the webhook in the provider's console to the URL in more_info. It is shown only in this answer.";
  return { code: NOT_READY, message, moreInfo: url };
}
