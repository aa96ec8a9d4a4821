import { type ApiRequest, bodyOf, json, noContent, queryOf, type ResourceHandler } from '../api/http/request.ts';
import type { Channel } from '../channels/types.ts';
import { decodeUtf8 } from '../domain/form.ts';
import type { Sender } from '../domain/sender.ts';
import { parseSenderList, senderPage } from '../domain/sender-list.ts';
import { invalid, parseCreateSender, parseUpdateSender } from '../domain/sender-request.ts';
import { sidPattern } from '../domain/sid.ts';
import { notFound } from '../domain/twilio-error.ts';
import { toTwilioSender } from '../domain/twilio-sender.ts';
import { toIso } from '../platform/clock.ts';
import { gatewayUrl } from '../platform/http-event.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import { type CreateDependencies, createSender, removeSender } from './create-sender.ts';

export interface SenderDependencies extends Omit<CreateDependencies, 'senders'> {
  /** A store that remembers nothing from earlier requests: what is read here is shown, or changed and written back. */
  senders(): SenderStore;
  channels(): Promise<Channel[]>;
}

const SENDER_SID = sidPattern('XE');

/** `POST Senders` → 202 with the sender, which is ONLINE already: its registration has no step that waits. */
export function create(dependencies: SenderDependencies): ResourceHandler {
  return async ({ event, account }) => {
    const channels = await dependencies.channels();
    const request = parseCreateSender(jsonOf(event), channels, dependencies.policy);
    const baseUrl = gatewayUrl(event);
    const parts = { ...dependencies, senders: dependencies.senders() };
    const sender = await createSender(request, account, { baseUrl, channels }, parts);
    return json(202, shown(sender, channels, baseUrl));
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
    const senders = (await dependencies.senders().list(account.sid)).filter(({ channel }) => meant.includes(channel));
    const baseUrl = gatewayUrl(event);
    const rows = senders.map((sender) => shown(sender, channels, baseUrl));
    return json(200, senderPage(rows, asked, baseUrl));
  };
}

/** `GET Senders/{sid}` → 200 with the sender. */
export function fetchOne(dependencies: SenderDependencies): ResourceHandler {
  return async (request) => {
    const sender = await find(request, dependencies.senders());
    return json(200, shown(sender, await dependencies.channels(), gatewayUrl(request.event)));
  };
}

/** `POST Senders/{sid}` → 202 with the sender as changed. */
export function update(dependencies: SenderDependencies): ResourceHandler {
  return async (request) => {
    const senders = dependencies.senders();
    const sender = await find(request, senders);
    const changes = parseUpdateSender(jsonOf(request.event), sender, dependencies.policy);
    const changed: Sender = { ...sender, ...changes, dateUpdated: toIso(dependencies.now()) };
    await senders.update(changed);
    return json(202, shown(changed, await dependencies.channels(), gatewayUrl(request.event)));
  };
}

/** `DELETE Senders/{sid}` → 204; the sender, its secrets and its claim on the address are gone. */
export function remove(dependencies: SenderDependencies): ResourceHandler {
  return async (request) => {
    const senders = dependencies.senders();
    await removeSender(await find(request, senders), { senders, secrets: dependencies.secrets });
    return noContent();
  };
}

async function find({ event, account, parameters }: ApiRequest, senders: SenderStore): Promise<Sender> {
  const sid = parameters['senderSid'] ?? '';
  const sender = SENDER_SID.test(sid) ? await senders.get(account.sid, sid) : undefined;
  if (!sender) throw notFound(event.rawPath);
  return sender;
}

function shown(sender: Sender, channels: readonly Channel[], baseUrl: string) {
  const channel = channels.find(({ name }) => name === sender.channel);
  return toTwilioSender(sender, channel?.address.format ?? ((address) => address), baseUrl);
}

function jsonOf(event: ApiRequest['event']): unknown {
  try {
    return JSON.parse(decodeUtf8(bodyOf(event)));
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(['body: is not valid JSON']);
    throw error;
  }
}
