import * as z from 'zod';
import { invalid } from './json-request.ts';
import { type SenderWebhook, senderWebhookSchema } from './sender.ts';
import { type AddressPolicy, checkUrl } from './url-policy.ts';

const text = z.string().trim().nullish();
const customerMethod = z.enum(['GET', 'POST', 'PUT']).nullish();

/** `webhook` of a Senders request. */
export const webhookRequestSchema = z.strictObject({
  callback_url: text,
  callback_method: customerMethod,
  fallback_url: text,
  fallback_method: customerMethod,
  status_callback_url: text,
  // Status callbacks are posted, always; the parameter exists because Twilio's has it.
  status_callback_method: z.literal('POST').nullish(),
});

/** A webhook with what a request changes: what it names is changed, null removes, the rest stays. Throws 63100. */
export function webhookOf(
  current: SenderWebhook | undefined,
  given: z.infer<typeof webhookRequestSchema>,
  policy: AddressPolicy,
): SenderWebhook {
  const urls = ['callback_url', 'fallback_url', 'status_callback_url'] as const;
  const mistakes = urls.flatMap((name) => {
    const problem = given[name] ? checkUrl(given[name], policy) : undefined;
    return problem ? [`webhook.${name}: ${problem.message}`] : [];
  });
  if (mistakes.length > 0) throw invalid(mistakes);
  const merged = (value: string | null | undefined, before: string | undefined) =>
    value === undefined ? before : value || undefined;
  return senderWebhookSchema.parse({
    callbackUrl: merged(given.callback_url, current?.callbackUrl),
    callbackMethod: merged(given.callback_method, current?.callbackMethod),
    fallbackUrl: merged(given.fallback_url, current?.fallbackUrl),
    fallbackMethod: merged(given.fallback_method, current?.fallbackMethod),
    statusCallbackUrl: merged(given.status_callback_url, current?.statusCallbackUrl),
  });
}
