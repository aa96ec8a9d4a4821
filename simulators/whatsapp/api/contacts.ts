import { createHash } from 'node:crypto';
import { ApiError } from '../http/errors.ts';
import { array, boolean, object, oneOf, optional, string } from '../shape.ts';
import { type ApiRoute, DONE, parameter, readBody, route } from './handler.ts';

const contactsBody = object({
  blocking: optional(oneOf('wait', 'no_wait')),
  contacts: array(string(), { min: 1 }),
  force_check: optional(boolean),
});
const identityBody = object({ hash: string() });

function identityHash(waId: string): string {
  return createHash('sha256').update(waId).digest('base64').slice(0, 11).concat('=');
}

export const contactRoutes: ApiRoute[] = [
  route('POST', '/v1/contacts', 'user', ({ device, request }) => {
    device.requireRegistered();
    const { blocking = 'no_wait', contacts, force_check: force = false } = readBody(request, contactsBody);
    const answers = contacts.map((input) => device.contacts.check(input, blocking === 'wait', force));
    return { status: 200, json: { contacts: answers } };
  }),
  route('GET', '/v1/contacts/{id}/identity', 'user', ({ device, request }) => {
    device.requireRegistered();
    const hash = identityHash(parameter(request, 'id'));
    // Milliseconds and an object, unlike anything else that is about time or contacts.
    const identity = { hash, created_timestamp: device.startedAt, acknowledged: true };
    return { status: 200, json: { contacts: identity } };
  }),
  route('PUT', '/v1/contacts/{id}/identity', 'user', ({ device, request }) => {
    device.requireRegistered();
    const { hash } = readBody(request, identityBody);
    if (hash !== identityHash(parameter(request, 'id'))) throw new ApiError(1009, 'hash: is not the current one');
    return DONE;
  }),
];
