import { GraphError } from '../graph-error.ts';
import { type GraphRoute, numberOf, required, success } from './call.ts';

/** Lengths of a business profile's texts. */
const PROFILE_LIMITS: Record<string, number> = { about: 139, address: 256, description: 256, email: 128 };
const PROFILE_FIELDS = [...Object.keys(PROFILE_LIMITS), 'websites', 'vertical', 'profile_picture_handle'];

/** What Graph does with a phone number. */
export const phoneNumberRoutes: GraphRoute[] = [
  {
    method: 'POST',
    pattern: '/{id}/request_code',
    handler: (call) => {
      const number = numberOf(call);
      const method = required(call, 'code_method');
      if (method !== 'SMS' && method !== 'VOICE') throw new GraphError(100, 'code_method must be SMS or VOICE.');
      number.sendCode(method, required(call, 'language'));
      return success;
    },
  },
  {
    method: 'POST',
    pattern: '/{id}/verify_code',
    handler: (call) => {
      const number = numberOf(call);
      const code = required(call, 'code');
      if (!/^\d{6}$/.test(code)) throw new GraphError(100, 'code must be six digits.');
      number.verify(code);
      return success;
    },
  },
  {
    method: 'POST',
    pattern: '/{id}/register',
    handler: (call) => {
      const number = numberOf(call);
      number.register(pinOf(required(call, 'pin')));
      return success;
    },
  },
  {
    method: 'POST',
    pattern: '/{id}/deregister',
    handler: (call) => {
      numberOf(call).deregister();
      return success;
    },
  },
  {
    method: 'GET',
    pattern: '/{id}/whatsapp_business_profile',
    handler: (call) => ({
      status: 200,
      json: { data: [{ messaging_product: 'whatsapp', ...numberOf(call).profile }] },
    }),
  },
  {
    method: 'POST',
    pattern: '/{id}/whatsapp_business_profile',
    handler: (call) => {
      const number = numberOf(call);
      if (required(call, 'messaging_product') !== 'whatsapp')
        throw new GraphError(100, 'messaging_product must be whatsapp.');
      for (const [name, limit] of Object.entries(PROFILE_LIMITS)) {
        const value = call.given[name];
        if (typeof value === 'string' && value.length > limit)
          throw new GraphError(100, `${name} is longer than ${limit}.`);
      }
      const changes = Object.entries(call.given).filter(([name]) => PROFILE_FIELDS.includes(name));
      Object.assign(number.profile, Object.fromEntries(changes));
      return success;
    },
  },
  {
    method: 'POST',
    pattern: '/{id}',
    handler: (call) => {
      const number = numberOf(call);
      const { pin, new_display_name: name } = call.given;
      if (pin !== undefined) number.pin = pinOf(required(call, 'pin'));
      if (typeof name === 'string') {
        number.verifiedName = name;
        call.meta.reviewName(number);
      }
      return success;
    },
  },
];

function pinOf(pin: string): string {
  if (!/^\d{6}$/.test(pin)) throw new GraphError(100, 'pin must be six digits.');
  return pin;
}
