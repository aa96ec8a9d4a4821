import { type ApiRequest, bodyOf, json, noContent, queryOf, type ResourceHandler } from '../api/http/request.ts';
import type { Channel } from '../channels/types.ts';
import { decodeUtf8 } from '../domain/form.ts';
import { invalid } from '../domain/json-request.ts';
import type { Sender } from '../domain/sender.ts';
import { parseSenderList, senderPage } from '../domain/sender-list.ts';
import { parseCreateSender } from '../domain/sender-request.ts';
import { parseUpdateSender } from '../domain/sender-update.ts';
import { sidPattern } from '../domain/sid.ts';
import { notFound } from '../domain/twilio-error.ts';
import { toTwilioSender } from '../domain/twilio-sender.ts';
import { gatewayUrl } from '../platform/http-event.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import { removeSender } from './address-owner.ts';
import { type CreateDependencies, createSender } from './create-sender.ts';
import { disconnectSender } from './disconnect-sender.ts';
import type { NumberDependencies } from './number-dependencies.ts';
import { retireNumber } from './retire-number.ts';
import { type NumberRequest, startRegistration } from './start-registration.ts';
import { updateSender } from './update-sender.ts';

export interface SenderDependencies
  extends Omit<CreateDependencies, 'senders' | 'secrets'>,
    Omit<NumberDependencies, 'senders' | 'secrets'> {
  /** A store that remembers nothing from earlier requests: what is read here is shown, or changed and written back. */
  senders(): SenderStore;
  secrets: SenderSecrets;
  channels(): Promise<Channel[]>;
  /** Where channels call the gateway; undefined where they call its own address. */
  webhookBaseUrl?: string | undefined;
}

const SENDER_SID = sidPattern('XE');

/**
 * `POST Senders` → 202 with the sender. With credentials of what is registered already it is ONLINE; else the registration of
 * its number has begun. Where its webhook is set in the provider's console, this answer alone shows the whole URL.
 */
export function create(dependencies: SenderDependencies): ResourceHandler {
  return async ({ event, account }) => {
    const channels = await dependencies.channels();
    const request = parseCreateSender(jsonOf(event), channels, dependencies.policy);
    const baseUrl = gatewayUrl(event);
    const parts = perRequest(dependencies);
    if (isNumber(request)) {
      const sender = await startRegistration(request, account, channels, parts);
      return json(202, await shown(sender, channels, baseUrl, dependencies));
    }
    const { sender, webhookSecret } = await createSender(
      request,
      account,
      { webhookBaseUrl: dependencies.webhookBaseUrl ?? baseUrl, channels },
      parts,
    );
    return json(202, await shown(sender, channels, baseUrl, dependencies, webhookSecret));
  };
}

/** `GET Senders?Channel=` → 200 with a page of senders, oldest first. */
export function list(dependencies: SenderDependencies): ResourceHandler {
  return async ({ event, account }) => {
    const asked = parseSenderList(queryOf(event));
    const channels = await dependencies.channels();
    const meant = channels
      .filter(({ name, address }) => name === asked.channel || address.scheme === `${asked.channel}:`)
      .map(({ name }) => name);
    const senders = (await dependencies.senders().list(account.sid)).filter(
      ({ channel, status }) => meant.includes(channel) && status !== 'DELETING',
    );
    const baseUrl = gatewayUrl(event);
    const page = senderPage(senders, asked, baseUrl);
    const rows = await Promise.all(page.senders.map((sender) => shown(sender, channels, baseUrl, dependencies)));
    return json(200, { ...page, senders: rows });
  };
}

/** `GET Senders/{sid}` → 200 with the sender. */
export function fetchOne(dependencies: SenderDependencies): ResourceHandler {
  return async (request) => {
    const sender = await find(request, dependencies.senders());
    return json(200, await shown(sender, await dependencies.channels(), gatewayUrl(request.event), dependencies));
  };
}

/** `POST Senders/{sid}` → 202 with the sender as changed. */
export function update(dependencies: SenderDependencies): ResourceHandler {
  return async (request) => {
    const parts = perRequest(dependencies);
    const sender = await find(request, parts.senders);
    const { policy, now } = dependencies;
    const registeredAt = await registeredAtOf(sender, dependencies);
    const asked = parseUpdateSender(jsonOf(request.event), { ...sender, registeredAt }, { policy, now: now() });
    const changed = await updateSender(sender, asked, parts);
    if (!changed) throw notFound(request.event.rawPath);
    return json(202, await shown(changed, await dependencies.channels(), gatewayUrl(request.event), dependencies));
  };
}

/**
 * `DELETE Senders/{sid}` → 204; 404 for one that is being removed, whose removal goes on if it was cut off. Of a number that the gateway registered the removal has begun, and its address is free when
 * that is over; of any other sender, its secrets and its claim on the address are gone.
 */
export function remove(dependencies: SenderDependencies): ResourceHandler {
  return async (request) => {
    const parts = perRequest(dependencies);
    const sender = await findAny(request, parts.senders);
    if (sender.workflow !== undefined) {
      await retireNumber(sender, parts);
    } else {
      const channel = (await dependencies.channels()).find(({ name }) => name === sender.channel);
      if (channel) await disconnectSender(sender, channel, dependencies);
      await removeSender(sender, parts);
    }
    if (sender.status === 'DELETING') throw notFound(request.event.rawPath);
    return noContent();
  };
}

const perRequest = (dependencies: SenderDependencies) => ({ ...dependencies, senders: dependencies.senders() });

const isNumber = (request: ReturnType<typeof parseCreateSender>): request is NumberRequest =>
  request.workflow !== undefined;

async function find(request: ApiRequest, senders: SenderStore): Promise<Sender> {
  const sender = await findAny(request, senders);
  if (sender.status === 'DELETING') throw notFound(request.event.rawPath);
  return sender;
}

async function findAny({ event, account, parameters }: ApiRequest, senders: SenderStore): Promise<Sender> {
  const sid = parameters['senderSid'] ?? '';
  const sender = SENDER_SID.test(sid) ? await senders.get(account.sid, sid) : undefined;
  if (!sender) throw notFound(event.rawPath);
  return sender;
}

async function registeredAtOf({ sid, workflow, dateCreated }: Sender, { registrations }: SenderDependencies) {
  const record = workflow === undefined ? undefined : await registrations.get(sid);
  return record?.registeredAt ?? dateCreated;
}

async function shown(
  sender: Sender,
  channels: readonly Channel[],
  baseUrl: string,
  { registrations, webhookBaseUrl }: Pick<SenderDependencies, 'registrations' | 'webhookBaseUrl'>,
  webhookSecret?: string,
) {
  const channel = channels.find(({ name }) => name === sender.channel);
  // Of a channel that is no more, addresses stay as they are stored, and nobody asks for a webhook.
  const known = channel
    ? { format: channel.address.format, setsWebhook: channel.registration.setsWebhook }
    : { format: (address: string) => address, setsWebhook: true };
  const isSettled = sender.workflow === undefined || sender.status === 'ONLINE';
  const registration = isSettled ? undefined : await registrations.get(sender.sid);
  return toTwilioSender(sender, known, baseUrl, { webhookSecret, webhookBaseUrl, registration });
}

function jsonOf(event: ApiRequest['event']): unknown {
  try {
    return JSON.parse(decodeUtf8(bodyOf(event)));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(['body: is not valid JSON']);
    throw error;
  }
}
