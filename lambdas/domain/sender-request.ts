import * as z from 'zod';
import type { Workflow } from '../channels/registration.ts';
import type { Channel } from '../channels/types.ts';
import { shapeMistakes } from './device-shape.ts';
import { invalid, validated } from './json-request.ts';
import type { SenderProfile, SenderWebhook } from './sender.ts';
import { configurationSchema, type Inputs, readInputs, withFallbacks } from './sender-inputs.ts';
import { profileDetails, profileMistakes, profileOf, profileRequestSchema } from './sender-profile.ts';
import { readRate, type SenderRate } from './sender-rate.ts';
import { webhookOf, webhookRequestSchema } from './sender-webhook.ts';
import type { AddressPolicy } from './url-policy.ts';

/** What registering a sender needs to know of a channel. */
export type Registering = Pick<Channel, 'name' | 'address' | 'registration'>;

/** `POST /v2/Channels/Senders`; keys in snake_case, as `validated` makes them. */
const createSchema = z.strictObject({
  sender_id: z.string().min(1),
  configuration: configurationSchema.nullish(),
  webhook: webhookRequestSchema.nullish(),
  profile: profileRequestSchema.nullish(),
});
type CreateRequest = z.infer<typeof createSchema>;

export interface SenderRequest {
  channel: string;
  address: string;
  /** How the gateway is to register it; absent where the configuration is credentials of what is registered already. */
  workflow?: Workflow;
  fields: Record<string, string>;
  secrets: Record<string, string>;
  webhook: SenderWebhook;
  profileName?: string;
  profile?: SenderProfile;
  /** Its own rate, where it is not the channel's. */
  rate?: SenderRate;
}

/**
 * Reads a request for a new sender; throws 63100 naming every mistake.
 * Channels may share a scheme (two ways to reach WhatsApp), and a number may be registered by the gateway or be registered
 * already: the configuration tells what is meant. Where it fits nothing, the mistakes are those of what it is nearest to; all of
 * them would be of no help.
 * @param body parsed JSON, keys in snake_case or camelCase
 */
export function parseCreateSender(
  body: unknown,
  channels: readonly Registering[],
  policy: AddressPolicy,
): SenderRequest {
  const given = validated(createSchema, body);
  const { rate, rest, mistakes: rateMistakes } = readRate(given.configuration ?? {});
  const request = { ...given, configuration: rest };
  const candidates = channels.filter(({ address: { scheme } }) => {
    const isMeant = scheme !== '' && request.sender_id.toLowerCase().startsWith(scheme.toLowerCase());
    return isMeant || (scheme === '' && !/^[a-z]/i.test(request.sender_id));
  });
  if (candidates.length === 0) {
    const known = channels.map(({ address }) => address.scheme).filter((scheme) => scheme !== '');
    throw invalid([`sender_id: must begin with one of ${[...new Set(known)].join(', ')}`]);
  }
  const [nearest, ...others] = candidates
    .flatMap((channel) => readingsFor(channel, request, policy))
    .sort((left, right) => left.mistakes.length - right.mistakes.length);
  if (!nearest || nearest.mistakes.length > 0) throw invalid([...mistakesOf(nearest, others), ...rateMistakes]);
  if (rateMistakes.length > 0) throw invalid(rateMistakes);
  const profile = profileOf(undefined, request.profile ?? {});
  return {
    ...nearest.registration,
    webhook: webhookOf(undefined, request.webhook ?? {}, policy),
    ...(request.profile?.name && { profileName: request.profile.name }),
    ...(Object.keys(profile).length > 0 && { profile }),
    ...(rate && { rate }),
  };
}

interface Reading {
  /** As people call it: the channel, or what its workflow does. */
  title: string;
  registration: Pick<SenderRequest, 'channel' | 'address' | 'workflow' | 'fields' | 'secrets'>;
  mistakes: string[];
}

/** What a request may mean on a channel: what is registered already, or what the gateway is to register. */
function readingsFor(channel: Registering, request: CreateRequest, policy: AddressPolicy): Reading[] {
  const { registration } = channel;
  const { name: title } = channel;
  const credentials = read(channel, request, registration, policy);
  const plain = { ...credentials, title, mistakes: [...credentials.mistakes, ...detailMistakes(request)] };
  const { workflow } = registration;
  if (!workflow) return [plain];

  const { registration: given, mistakes } = read(channel, request, workflow, policy);
  const fields = withFallbacks(given.fields, workflow.fields);
  const own = [
    ...(request.profile?.name ? [] : ['profile.name: is missing (the display name that contacts see)']),
    ...(request.profile ? profileMistakes(request.profile, policy) : []),
    ...(workflow.name === 'device' ? shapeMistakes(fields) : []),
  ];
  return [
    plain,
    {
      title: `a number that the gateway registers on ${channel.name}`,
      registration: { ...given, fields, workflow: workflow.name },
      mistakes: [...mistakes, ...own],
    },
  ];
}

function read(channel: Registering, request: CreateRequest, inputs: Inputs, policy: AddressPolicy) {
  const { fields, secrets, mistakes } = readInputs(request.configuration ?? {}, inputs, policy);
  const address = channel.address.parse(request.sender_id.slice(channel.address.scheme.length), 'sender');
  return {
    registration: { channel: channel.name, address: address ?? '', fields, secrets },
    mistakes: [...(address === undefined ? ['sender_id: is not a valid address'] : []), ...mistakes],
  };
}

/** Whoever registered a number elsewhere keeps its profile there. */
function detailMistakes({ profile }: CreateRequest): string[] {
  return profileDetails(profile ?? {}).map(
    (name) => `profile.${name}: is only for numbers that the gateway registers; set it at the provider`,
  );
}

/** With what it was read for, where that was a choice. */
function mistakesOf(nearest: Reading | undefined, others: readonly Reading[]): string[] {
  if (!nearest || others.length === 0) return nearest?.mistakes ?? [];
  const titles = others.map(({ title }) => title).join(', ');
  return [...nearest.mistakes, `this is what ${nearest.title} needs, which is nearer than ${titles}`];
}
