import { ControlError, readControlBody } from '../../whatsapp/control/handler.ts';
import type { PhoneMessage } from '../../whatsapp/network/contact.ts';
import { boolean, nullable, number, object, optional, string } from '../../whatsapp/shape.ts';
import { NoExampleError } from '../channel/webhooks.ts';
import { write } from '../network/write.ts';
import { type ControlCall, type ControlRoute, channelOf, contactOf, senderOf } from './call.ts';

const behaviourBody = object({
  profileName: optional(string()),
  blocked: optional(boolean),
  readReceipts: optional(boolean),
  deliveryReceipts: optional(boolean),
  online: optional(boolean),
  /** null: stops answering. */
  autoReply: nullable(string()),
  /** null: messages arrive again. */
  failure: nullable(
    object({
      code: number({ integer: true }),
      title: optional(string()),
      count: optional(number({ min: 1, integer: true })),
    }),
  ),
});

const writtenBody = object({
  /** Address of the sender written to; without it the channel's first one. */
  to: optional(string()),
  type: optional(string()),
  text: optional(string()),
  payload: optional(string({ min: 0 })),
  filename: optional(string()),
  mimeType: optional(string()),
  data: optional(string()),
  location: optional(
    object({
      latitude: number({ min: -90, max: 90 }),
      longitude: number({ min: -180, max: 180 }),
      label: optional(string()),
      address: optional(string()),
    }),
  ),
  replyTo: optional(string()),
  profileName: optional(string()),
});

function wholeNumber(call: ControlCall, name: string, fallback: number): number {
  const text = call.request.query.get(name);
  const value = text === null ? fallback : Number(text);
  if (!Number.isInteger(value) || value < 0) throw new ControlError(400, `${name}: must be a whole number`);
  return value;
}

async function shownMessages(call: ControlCall) {
  const contact = contactOf(call);
  const { query } = call.request;
  const direction = query.get('direction');
  const device = query.get('device');
  const after = wholeNumber(call, 'after', 0);
  const wait = wholeNumber(call, 'wait', 0);
  const timeoutMs = wholeNumber(call, 'timeoutMs', 5000);
  const isWanted = (message: PhoneMessage) =>
    (direction === null || message.direction === direction) && (device === null || message.device === device);
  const found = () => contact.messages.filter(isWanted).slice(after);
  await contact.watch(() => found().length >= wait, timeoutMs, call.signal);
  return { status: 200, json: { messages: found() } };
}

function change(call: ControlCall) {
  const contact = contactOf(call);
  const { autoReply, failure, ...rest } = readControlBody(call.request, behaviourBody);
  contact.change({
    ...rest,
    ...(autoReply === undefined ? {} : { autoReply: autoReply ?? undefined }),
    ...(failure === undefined ? {} : { failure: failure ?? undefined }),
  });
  return { status: 200, json: contact.toJson() };
}

async function writeTo(call: ControlCall) {
  const contact = contactOf(call);
  const { to, ...written } = readControlBody(call.request, writtenBody);
  const sender = senderOf(call, channelOf(call), to);
  if (sender.webhookUrl === undefined) throw new ControlError(409, 'The sender has no webhook yet.');
  if (contact.behaviour.blocked) throw new ControlError(409, 'The contact has blocked the business.');
  try {
    return { status: 201, json: { ...(await write(written, contact, sender, call.laboratory)) } };
  } catch (error) {
    if (error instanceof NoExampleError) throw new ControlError(409, error.message);
    throw error;
  }
}

export const contactControls: ControlRoute[] = [
  {
    method: 'GET',
    pattern: '/control/contacts',
    handler: (call) => ({
      status: 200,
      json: { contacts: call.laboratory.phones.of(channelOf(call)).map((contact) => contact.toJson()) },
    }),
  },
  {
    method: 'GET',
    pattern: '/control/contacts/{id}',
    handler: (call) => ({ status: 200, json: contactOf(call).toJson() }),
  },
  { method: 'PATCH', pattern: '/control/contacts/{id}', handler: change },
  { method: 'GET', pattern: '/control/contacts/{id}/messages', handler: shownMessages },
  { method: 'POST', pattern: '/control/contacts/{id}/messages', handler: writeTo },
];
