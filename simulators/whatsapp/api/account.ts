import { SHARD_COUNTS } from '../device/registration.ts';
import { numeric, object, oneOf, optional, string } from '../shape.ts';
import { type ApiRoute, DONE, readBody, route } from './handler.ts';

const DIGITS = { pattern: /^\d+$/, expected: 'digits' };
const pin = string({ pattern: /^\d{6}$/, expected: '6 digits' });
const number = { cc: string({ ...DIGITS, max: 3 }), phone_number: string({ ...DIGITS, max: 14 }) };

const accountBody = object({ ...number, method: oneOf('sms', 'voice'), cert: string(), pin: optional(pin) });
const verifyBody = object({ code: string() });
const shardsBody = object({
  ...number,
  shards: (value, path) => oneOf(...SHARD_COUNTS)(numeric({ integer: true })(value, path), path),
  cert: optional(string()),
  pin: optional(pin),
});
const twoStepBody = object({ pin });

export const accountRoutes: ApiRoute[] = [
  route('POST', '/v1/account', 'admin', ({ device, request }) => {
    device.requireCore();
    const verifiedName = device.registration.request(readBody(request, accountBody));
    // 201 means that there is nothing left to do; only 202 is followed by a code.
    if (verifiedName === undefined) return { status: 201, json: {} };
    return { status: 202, json: { account: [{ vname: verifiedName }] } };
  }),
  route('POST', '/v1/account/verify', 'admin', ({ device, request }) => {
    device.requireCore();
    device.registration.verify(readBody(request, verifyBody).code);
    return { status: 201, json: {} };
  }),
  route('GET', '/v1/account/shards', 'admin', ({ device }) => {
    device.requireCore();
    return { status: 200, json: { account: { shards: device.registration.shards } } };
  }),
  route('POST', '/v1/account/shards', 'admin', ({ device, request }) => {
    device.requireCore();
    const { shards, ...account } = readBody(request, shardsBody);
    const { version } = device.surroundings.settings;
    device.registration.setShards(account, shards, version.atLeast('2.45.0'));
    return { status: 201, json: {} };
  }),
  route('POST', '/v1/settings/account/two-step', 'admin', ({ device, request }) => {
    device.requireCore();
    device.registration.pin = readBody(request, twoStepBody).pin;
    return DONE;
  }),
  route('DELETE', '/v1/settings/account/two-step', 'admin', ({ device }) => {
    device.requireCore();
    device.registration.pin = undefined;
    return DONE;
  }),
];
