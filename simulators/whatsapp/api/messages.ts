import type { Device } from '../device/device.ts';
import { ApiError } from '../http/errors.ts';
import { readSendRequest, type SendRequest } from '../messages/read.ts';
import { waIdOf } from '../network/ids.ts';
import { anyObject, object, oneOf } from '../shape.ts';
import { type ApiRoute, DONE, parameter, readBody, route } from './handler.ts';

const statusBody = object({ status: oneOf('read') });

/** What can be said about a message before it is on its way. */
function requireSendable(device: Device, message: SendRequest, waId: string): void {
  const { settings } = device.surroundings;
  if (settings.requireWebhook && device.application.webhookUrl === undefined) throw new ApiError(1022);
  if (device.number === message.to) throw new ApiError(1021, 'The sender cannot write to itself.');
  if (!device.contacts.canReceive(waId)) throw new ApiError(1006, 'unknown contact');
  for (const { type, reference } of message.media) {
    if (reference.id !== undefined) device.media.requireUsable(reference.id, type);
  }
  const expected = settings.templateNamespace;
  if (expected !== undefined && message.template !== undefined && message.template.namespace !== expected) {
    throw new ApiError(1009, 'template.namespace: belongs to another account');
  }
}

export const messageRoutes: ApiRoute[] = [
  route('POST', '/v1/messages', 'user', ({ device, request }) => {
    device.requireRegistered();
    const { network, settings } = device.surroundings;
    const message = readSendRequest(readBody(request, anyObject), settings.version);
    const waId = waIdOf(message.to);
    requireSendable(device, message, waId);
    const id = device.outbox.accept(message, network.contact(waId));
    const contacts = settings.version.atLeast('2.39.1') ? { contacts: [{ input: message.input, wa_id: waId }] } : {};
    return { status: 201, json: { ...contacts, messages: [{ id }] } };
  }),
  route('PUT', '/v1/messages/{id}', 'user', ({ device, request }) => {
    device.requireRegistered();
    readBody(request, statusBody);
    device.inbox.markRead(parameter(request, 'id'));
    return DONE;
  }),
];
