import { ControlError, readControlBody } from '../../whatsapp/control/handler.ts';
import { boolean, type Check, object, optional, ShapeError, string } from '../../whatsapp/shape.ts';
import { senderKey } from '../laboratory.ts';
import { setWebhook } from '../network/connect.ts';
import { Sender } from '../network/sender.ts';
import { WebhookQueue } from '../network/webhook-queue.ts';
import { type ControlCall, type ControlRoute, senderOf } from './call.ts';

const texts: Check<Record<string, string>> = (value, path) => {
  if (typeof value !== 'object' || value === null || Object.values(value).some((item) => typeof item !== 'string')) {
    throw new ShapeError('invalid', path, 'must be an object of strings');
  }
  return value as Record<string, string>;
};

const senderBody = object({
  channel: string(),
  /** Without scheme, as the spec writes it. */
  address: string(),
  fields: optional(texts),
  secrets: optional(texts),
  webhookUrl: optional(string()),
});
const changeBody = object({
  webhookUrl: optional(string()),
  /** false: every session ends at once. */
  sessions: optional(boolean),
});

function shown({ played, context, webhookUrl }: Sender) {
  return { channel: played.name, address: context.address, fields: context.fields, webhookUrl: webhookUrl ?? null };
}

async function create({ laboratory, request }: ControlCall) {
  const { channel, address, fields = {}, secrets = {}, webhookUrl } = readControlBody(request, senderBody);
  const played = laboratory.channel(channel);
  if (!played) {
    throw new ControlError(404, `channel: must be one of ${laboratory.files.map(({ name }) => name).join(', ')}`);
  }
  const { clock, faults, log } = laboratory;
  const key = senderKey(channel, address);
  if (laboratory.senders.has(key)) throw new ControlError(409, `${channel} has a sender ${address} already.`);
  const queue = new WebhookQueue({ clock, faults, address, log });
  const sender = await Sender.create(played, { address, fields, secrets }, queue, clock.now());
  laboratory.senders.set(key, sender);
  await applyWebhook(webhookUrl, sender, { laboratory });
  return { status: 201, json: shown(sender) };
}

async function change(call: ControlCall) {
  const { channel = '', address } = call.request.parameters;
  const sender = senderOf(call, channel, address);
  const { webhookUrl, sessions } = readControlBody(call.request, changeBody);
  await applyWebhook(webhookUrl, sender, call);
  if (sessions === false) sender.endSessions();
  return { status: 200, json: shown(sender) };
}

async function applyWebhook(url: string | undefined, sender: Sender, { laboratory }: Pick<ControlCall, 'laboratory'>) {
  const problem = url === undefined ? undefined : await setWebhook(url, sender, laboratory);
  if (problem !== undefined) throw new ControlError(409, problem);
}

/** What a provider's console does: accounts with their credentials, and the webhooks that no request sets. */
export const senderControls: ControlRoute[] = [
  {
    method: 'GET',
    pattern: '/control/channels',
    handler: ({ laboratory }) => ({
      status: 200,
      json: { channels: laboratory.files.map(({ name, hosts }) => ({ name, hosts })) },
    }),
  },
  {
    method: 'GET',
    pattern: '/control/senders',
    handler: ({ laboratory }) => ({ status: 200, json: { senders: [...laboratory.senders.values()].map(shown) } }),
  },
  { method: 'POST', pattern: '/control/senders', handler: create },
  { method: 'PATCH', pattern: '/control/senders/{channel}/{address}', handler: change },
];
