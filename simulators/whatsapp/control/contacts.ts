import type { PhoneMessage } from '../network/contact.ts';
import { boolean, type Checked, nullable, number, object, optional, string } from '../shape.ts';
import { type ControlCall, ControlError, type ControlRoute, contactOf, deviceOf, readControlBody } from './handler.ts';
import { readWritten } from './written.ts';

const behaviourBody = object({
  profileName: optional(string()),
  blocked: optional(boolean),
  readReceipts: optional(boolean),
  deliveryReceipts: optional(boolean),
  online: optional(boolean),
  onWhatsApp: optional(boolean),
  /** null: stops answering. */
  autoReply: nullable(string()),
  /** null: messages arrive again. */
  failure: nullable(
    object({
      code: number({ integer: true }),
      title: optional(string()),
      details: optional(string()),
      count: optional(number({ min: 1, integer: true })),
    }),
  ),
});

function wholeNumber(call: ControlCall, name: string, fallback: number, most: number): number {
  const text = call.request.query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new ControlError(400, `${name}: must be a whole number up to ${most}`);
  }
  return value;
}

/** Which messages a caller wants to see. */
function selection(call: ControlCall): (message: PhoneMessage) => boolean {
  const { query } = call.request;
  const direction = query.get('direction');
  const device = query.get('device');
  return (message) => {
    return (direction === null || message.direction === direction) && (device === null || message.device === device);
  };
}

async function shownMessages(call: ControlCall) {
  const contact = contactOf(call);
  const wanted = selection(call);
  const after = wholeNumber(call, 'after', 0, Number.MAX_SAFE_INTEGER);
  const wait = wholeNumber(call, 'wait', 0, 1_000_000);
  const timeoutMs = wholeNumber(call, 'timeoutMs', 5000, 120_000);
  const found = () => contact.messages.filter(wanted).slice(after);
  await contact.watch(() => found().length >= wait, timeoutMs, call.signal);
  return { status: 200, json: { messages: found() } };
}

function change(call: ControlCall) {
  const contact = contactOf(call);
  const { autoReply, failure, ...rest }: Checked<typeof behaviourBody> = readControlBody(call.request, behaviourBody);
  contact.change({
    ...rest,
    ...(autoReply === undefined ? {} : { autoReply: autoReply ?? undefined }),
    ...(failure === undefined ? {} : { failure: failure ?? undefined }),
  });
  return { status: 200, json: contact.toJson() };
}

function write(call: ControlCall) {
  const contact = contactOf(call);
  const { to, profileName, replyTo, written, media } = readControlBody(call.request, readWritten);
  const device = deviceOf(call.laboratory, to);
  if (!device.registration.registered) throw new ControlError(409, 'The device is not registered on WhatsApp.');
  if (contact.behaviour.blocked) throw new ControlError(409, 'The contact has blocked the business.');
  if (profileName !== undefined) contact.change({ profileName });
  return { status: 201, json: { ...device.inbox.write(contact, written, media, replyTo) } };
}

function takeBack(call: ControlCall) {
  const contact = contactOf(call);
  const message = contact.takeBack(call.request.parameters['id'] ?? '');
  if (message === undefined) throw new ControlError(404, 'The contact wrote no such message.');
  deviceOf(call.laboratory, message.device).inbox.takenBack(contact, message.id);
  return { status: 200, json: { ...message } };
}

export const contactControls: ControlRoute[] = [
  {
    method: 'GET',
    pattern: '/control/contacts',
    handler: ({ laboratory }) => {
      return { status: 200, json: { contacts: laboratory.network.contacts.map((contact) => contact.toJson()) } };
    },
  },
  {
    method: 'GET',
    pattern: '/control/contacts/{number}',
    handler: (call) => ({ status: 200, json: contactOf(call).toJson() }),
  },
  { method: 'PATCH', pattern: '/control/contacts/{number}', handler: change },
  { method: 'GET', pattern: '/control/contacts/{number}/messages', handler: shownMessages },
  { method: 'POST', pattern: '/control/contacts/{number}/messages', handler: write },
  { method: 'DELETE', pattern: '/control/contacts/{number}/messages/{id}', handler: takeBack },
];
