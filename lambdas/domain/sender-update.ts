import * as z from 'zod';
import { reshapeMistakes } from './device-shape.ts';
import { invalid, validated } from './json-request.ts';
import { type CodeAnswer, type VerificationMethod, verificationMethodSchema } from './registration.ts';
import type { Sender, SenderProfile, SenderWebhook } from './sender.ts';
import { type Configuration, configurationSchema } from './sender-inputs.ts';
import {
  type ProfileRequest,
  profileDetails,
  profileMistakes,
  profileOf,
  profileRequestSchema,
} from './sender-profile.ts';
import { readRate, type SenderRate } from './sender-rate.ts';
import { webhookOf, webhookRequestSchema } from './sender-webhook.ts';
import type { AddressPolicy } from './url-policy.ts';

/** `POST /v2/Channels/Senders/{XE}`; keys in snake_case, as `validated` makes them. */
const updateSchema = z.strictObject({
  configuration: configurationSchema.nullish(),
  webhook: webhookRequestSchema.nullish(),
  profile: profileRequestSchema.nullish(),
});

/** What a request changes; what it does not name is as it was. */
export interface SenderUpdate {
  webhook: SenderWebhook;
  profileName: string | undefined;
  profile: SenderProfile;
  /** Its own rate; undefined for the channel's. */
  rate: SenderRate | undefined;
  /** The code, or the wish for another one. */
  code?: CodeAnswer;
  /** A device's new mode and shards, both. */
  shape?: { mode: string; shards: string };
}

/** What can be changed in a `configuration`, by workflow. What a sender is connected with does not change: that is another sender. */
const CHANGEABLE = {
  device: ['verification_code', 'verification_method', 'mode', 'shards'],
  cloud: ['verification_code', 'verification_method'],
} as const;

/**
 * Reads a request that changes a sender: what it names is changed, null removes, the rest stays. Throws 63100.
 * @param body parsed JSON, keys in snake_case or camelCase
 * @param current `registeredAt`: when its number was registered (ISO 8601 UTC); only a number on a device has a use for it
 */
export function parseUpdateSender(
  body: unknown,
  current: Pick<Sender, 'webhook' | 'workflow' | 'fields' | 'profileName' | 'profile' | 'rate'> & {
    registeredAt: string;
  },
  { policy, now }: { policy: AddressPolicy; now: number },
): SenderUpdate {
  const request = validated(updateSchema, body);
  const { rate, rest, mistakes: rateMistakes } = readRate(request.configuration ?? {}, current.rate);
  const given = configurationOf(rest);
  const shape = shapeOf(current, given);
  const profile = request.profile ?? {};
  const mistakes = [
    ...configurationMistakes(current, given),
    ...rateMistakes,
    ...(shape ? reshapeMistakes(current.fields, shape, { registeredAt: current.registeredAt, now }) : []),
    ...profileMistakesOf(current, profile, policy),
  ];
  if (mistakes.length > 0) throw invalid(mistakes);
  const code = codeOf(given);
  return {
    webhook: webhookOf(current.webhook, request.webhook ?? {}, policy),
    profileName: profile.name === undefined ? current.profileName : profile.name || undefined,
    profile: profileOf(current.profile, profile),
    rate,
    ...(code && { code }),
    ...(shape && { shape }),
  };
}

function configurationOf(configuration: Configuration): Map<string, string> {
  return new Map(
    Object.entries(configuration).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, String(value).trim()] as const],
    ),
  );
}

function shapeOf({ workflow, fields }: Pick<Sender, 'workflow' | 'fields'>, given: ReadonlyMap<string, string>) {
  if (workflow !== 'device' || !(given.has('mode') || given.has('shards'))) return undefined;
  return {
    mode: given.get('mode') ?? fields['mode'] ?? 'single',
    shards: given.get('shards') ?? fields['shards'] ?? '1',
  };
}

function configurationMistakes({ workflow }: Pick<Sender, 'workflow'>, given: ReadonlyMap<string, string>): string[] {
  const changeable: readonly string[] = workflow ? CHANGEABLE[workflow] : [];
  const fixed = [...given.keys()].filter((name) => !changeable.includes(name));
  const whatCan = ` (there are ${[...changeable, 'messages_per_second', 'burst'].join(', ')})`;
  const code = given.get('verification_code');
  const method = given.get('verification_method');
  return [
    ...fixed.map(
      (name) => `configuration.${name}: cannot be changed${whatCan}; delete the sender and register it again`,
    ),
    ...(code !== undefined && digitsOf(code) === undefined
      ? ['configuration.verification_code: must be the six digits of the code that the number was sent']
      : []),
    ...(method !== undefined && !isMethod(method) ? ['configuration.verification_method: must be sms or voice'] : []),
    ...(code !== undefined && method !== undefined
      ? ['configuration: give the verification_code, or the verification_method to be sent another one; not both']
      : []),
  ];
}

function profileMistakesOf(
  { workflow, profileName }: Pick<Sender, 'workflow' | 'profileName'>,
  given: ProfileRequest,
  policy: AddressPolicy,
): string[] {
  if (workflow === undefined) {
    return profileDetails(given).map(
      (name) => `profile.${name}: is only for numbers that the gateway registers; set it at the provider`,
    );
  }
  const isUnnamed = given.name !== undefined && !given.name && profileName !== undefined;
  return [
    ...(isUnnamed ? ['profile.name: cannot be removed; contacts see it'] : []),
    ...profileMistakes(given, policy),
  ];
}

function codeOf(given: ReadonlyMap<string, string>): CodeAnswer | undefined {
  const code = given.get('verification_code');
  if (code !== undefined) return { action: 'verify', code: digitsOf(code) ?? code };
  const method = given.get('verification_method');
  return method === undefined || !isMethod(method) ? undefined : { action: 'resend', method };
}

/** A code as messages write it: `123456` or `123-456`. */
const digitsOf = (code: string): string | undefined =>
  /^\d{3}[- ]?\d{3}$/.test(code) ? code.replace(/\D/, '') : undefined;

const isMethod = (text: string): text is VerificationMethod => verificationMethodSchema.safeParse(text).success;
