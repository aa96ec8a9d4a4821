import * as z from 'zod';
import type { Channel } from '../channels/types.ts';
import { type SenderWebhook, senderWebhookSchema } from './sender.ts';
import { TwilioError } from './twilio-error.ts';
import { type AddressPolicy, checkUrl } from './url-policy.ts';

/** What registering a sender needs to know of a channel. */
export type Registering = Pick<Channel, 'name' | 'address' | 'registration'>;

const text = z.string().trim().nullish();
const customerMethod = z.enum(['GET', 'POST', 'PUT']).nullish();

const webhookSchema = z.strictObject({
  callback_url: text,
  callback_method: customerMethod,
  fallback_url: text,
  fallback_method: customerMethod,
  status_callback_url: text,
  // Status callbacks are posted, always; the parameter exists because Twilio's has it.
  status_callback_method: z.literal('POST').nullish(),
});
const profileSchema = z.strictObject({ name: text });

/** `POST /v2/Channels/Senders`; keys in snake_case, as `snakeCased` makes them. */
const createSchema = z.strictObject({
  sender_id: z.string().min(1),
  configuration: z.record(z.string(), z.string().nullish()).nullish(),
  webhook: webhookSchema.nullish(),
  profile: profileSchema.nullish(),
});

/** `POST /v2/Channels/Senders/{XE}`. What a sender is connected with does not change; that is another sender. */
const updateSchema = z.strictObject({ webhook: webhookSchema.nullish(), profile: profileSchema.nullish() });

export interface SenderRequest {
  channel: string;
  address: string;
  fields: Record<string, string>;
  secrets: Record<string, string>;
  webhook: SenderWebhook;
  profileName?: string;
}

/**
 * Reads a request for a new sender; throws 63100 naming every mistake.
 * Channels may share a scheme (two ways to reach WhatsApp): the configuration tells which one is meant.
 * @param body parsed JSON, keys in snake_case or camelCase
 */
export function parseCreateSender(
  body: unknown,
  channels: readonly Registering[],
  policy: AddressPolicy,
): SenderRequest {
  const request = validated(createSchema, body);
  const candidates = channels.flatMap((channel) => {
    const { scheme } = channel.address;
    const isMeant = scheme !== '' && request.sender_id.toLowerCase().startsWith(scheme.toLowerCase());
    return isMeant || (scheme === '' && !/^[a-z]/i.test(request.sender_id)) ? [channel] : [];
  });
  if (candidates.length === 0) {
    const known = channels.map(({ address }) => address.scheme).filter((scheme) => scheme !== '');
    throw invalid([`sender_id: must begin with one of ${[...new Set(known)].join(', ')}`]);
  }
  const readings = candidates.map((channel) => readFor(channel, request, policy));
  const good = readings.find(({ mistakes }) => mistakes.length === 0);
  if (!good) throw invalid([...new Set(readings.flatMap(({ mistakes }) => mistakes))]);
  return {
    ...good.registration,
    webhook: webhookOf(undefined, request.webhook ?? {}, policy),
    ...(request.profile?.name && { profileName: request.profile.name }),
  };
}

/** Reads a request that changes a sender: what it names is changed, null removes, the rest stays. Throws 63100. */
export function parseUpdateSender(
  body: unknown,
  current: { webhook: SenderWebhook; profileName?: string | undefined },
  policy: AddressPolicy,
): { webhook: SenderWebhook; profileName: string | undefined } {
  const { webhook, profile } = validated(updateSchema, body);
  return {
    webhook: webhookOf(current.webhook, webhook ?? {}, policy),
    profileName: profile?.name === undefined ? current.profileName : profile.name || undefined,
  };
}

/** The error for a body that is wrong: one sentence per mistake. */
export function invalid(mistakes: readonly string[], options?: { status?: number }): TwilioError {
  return new TwilioError(63100, `Validation error: ${mistakes.join('; ')}`, options);
}

/**
 * The same JSON with its keys in snake_case: the SDKs' typed classes send camelCase, their documentation shows snake_case.
 * Twilio loses the camelCase ones silently; here both mean the same.
 */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), snakeCased(inner)]));
}

function readFor(channel: Registering, request: z.infer<typeof createSchema>, policy: AddressPolicy) {
  const given = new Map(Object.entries(request.configuration ?? {}).filter(([, value]) => value));
  const read = (inputs: Channel['registration']['fields']) => {
    const values: Record<string, string> = {};
    const mistakes = Object.entries(inputs).flatMap(([name, { description, required }]) => {
      const value = given.get(snakeCase(name));
      if (value) values[name] = value;
      return value || !required ? [] : [`configuration.${name}: is missing (${description})`];
    });
    return { values, mistakes };
  };
  const fields = read(channel.registration.fields);
  const secrets = read(channel.registration.secrets);
  const names = [...Object.keys(channel.registration.fields), ...Object.keys(channel.registration.secrets)];
  const known = new Set(names.map(snakeCase));
  const unknown = [...given.keys()].filter((name) => !known.has(name));
  const address = channel.address.parse(request.sender_id.slice(channel.address.scheme.length), 'sender');
  const mistakes = [
    ...(address === undefined ? ['sender_id: is not a valid address'] : []),
    ...fields.mistakes,
    ...secrets.mistakes,
    ...unknown.map((name) => `configuration.${name}: is not known; there are ${names.join(', ')}`),
    ...urlMistakes(fields.values, policy),
  ];
  const registration = {
    channel: channel.name,
    address: address ?? '',
    fields: fields.values,
    secrets: secrets.values,
  };
  return { registration, mistakes };
}

// A device lives in a private network by design, next to the gateway; only the owner of the account, who could put
// anything behind that address, names it. Link-local addresses, where clouds serve credentials, stay forbidden.
function urlMistakes(fields: Record<string, string>, policy: AddressPolicy): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return [];
    const problem = checkUrl(value, { ...policy, allowPrivate: true });
    if (problem) return [`configuration.${name}: ${problem.message}`];
    // Fields are shown again, secrets never.
    const { username, password } = new URL(value);
    return username || password ? [`configuration.${name}: must not contain a user or password`] : [];
  });
}

function webhookOf(
  current: SenderWebhook | undefined,
  given: z.infer<typeof webhookSchema>,
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

function validated<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(snakeCased(body));
  if (result.success) return result.data;
  throw invalid(result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`));
}

const snakeCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
