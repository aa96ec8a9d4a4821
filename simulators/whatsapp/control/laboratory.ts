import { DEVICE_STATES, type Device } from '../device/device.ts';
import { DEFAULT_PASSWORD, passwordProblem } from '../device/users.ts';
import { faultRules } from '../faults.ts';
import type { Template } from '../network/templates.ts';
import { parseNumber } from '../options.ts';
import { array, boolean, type Check, number, object, oneOf, optional, string } from '../shape.ts';
import { ControlError, type ControlRoute, deviceOf, type Laboratory, readControlBody } from './handler.ts';

const LONGEST_ADVANCE_MS = 10 * 365 * 24 * 3600 * 1000;
const mode = oneOf('single', 'high-availability', 'multiconnect');
const coreapps = number({ min: 1, max: 64, integer: true });

const clockBody = object({
  /** 0 waits for the webhooks under way and moves nothing. */
  advanceMs: optional(number({ min: 0, max: LONGEST_ADVANCE_MS, integer: true })),
  now: optional(string()),
  frozen: optional(boolean),
});
const newDeviceBody = object({
  number: string(),
  registered: optional(boolean),
  password: optional(string()),
  mode: optional(mode),
  coreapps: optional(coreapps),
});
const deviceChangeBody = object({
  state: optional(oneOf(...DEVICE_STATES)),
  mediaVolumeFull: optional(boolean),
  mode: optional(mode),
  coreapps: optional(coreapps),
});
const templateBody: Check<Template> = object({
  name: string(),
  language: string(),
  status: oneOf('approved', 'pending', 'rejected', 'paused', 'disabled'),
  header: optional(object({ format: oneOf('text', 'image', 'video', 'document'), text: optional(string()) })),
  body: string(),
  footer: optional(string()),
  buttons: optional(
    array(object({ type: oneOf('quick_reply', 'url'), text: string(), url: optional(string()) }), { max: 3 }),
  ),
});

function shownDevice(device: Device) {
  return {
    number: device.number ?? null,
    state: device.state,
    registered: device.registration.registered,
    code: device.registration.sentCode ?? null,
    mode: device.mode,
    coreapps: device.coreapps,
    shards: device.registration.shards,
    webhookUrl: device.application.webhookUrl ?? null,
    pendingWebhooks: device.webhooks.pending,
    mediaVolumeFull: device.media.full,
    basePath: device.number === undefined ? '' : `/devices/${device.number}`,
  };
}

function shownClock({ clock }: Laboratory) {
  return { status: 200, json: { now: new Date(clock.now()).toISOString(), frozen: clock.frozen } };
}

function shownFaults({ faults }: Laboratory) {
  return { status: 200, json: { faults: faults.list() } };
}

const clockControls: ControlRoute[] = [
  { method: 'GET', pattern: '/control/clock', handler: ({ laboratory }) => shownClock(laboratory) },
  {
    method: 'POST',
    pattern: '/control/clock',
    handler: async ({ laboratory, request }) => {
      const { clock } = laboratory;
      const { advanceMs, now, frozen } = readControlBody(request, clockBody);
      if (advanceMs !== undefined && now !== undefined) throw new ControlError(400, 'Name advanceMs or now, not both.');
      const target = now === undefined ? undefined : Date.parse(now);
      if (Number.isNaN(target)) throw new ControlError(400, 'now: must be an ISO 8601 time');
      if (frozen === true) clock.freeze();
      const step = target === undefined ? (advanceMs ?? 0) : target - clock.now();
      if (step < 0) throw new ControlError(400, 'now: time goes forward only');
      if (step > LONGEST_ADVANCE_MS) throw new ControlError(400, 'now: is more than ten years ahead');
      if (advanceMs !== undefined || target !== undefined) await clock.advance(step);
      if (frozen === false) clock.resume();
      return shownClock(laboratory);
    },
  },
];

const faultControls: ControlRoute[] = [
  { method: 'GET', pattern: '/control/faults', handler: ({ laboratory }) => shownFaults(laboratory) },
  {
    method: 'POST',
    pattern: '/control/faults',
    handler: ({ laboratory, request }) => {
      laboratory.faults.add(readControlBody(request, faultRules));
      return { ...shownFaults(laboratory), status: 201 };
    },
  },
  {
    method: 'DELETE',
    pattern: '/control/faults',
    handler: ({ laboratory, request }) => {
      laboratory.faults.clear(request.query.get('device') ?? undefined);
      return shownFaults(laboratory);
    },
  },
];

const deviceControls: ControlRoute[] = [
  {
    method: 'GET',
    pattern: '/control/devices',
    handler: ({ laboratory }) => ({ status: 200, json: { devices: laboratory.network.devices.map(shownDevice) } }),
  },
  {
    method: 'POST',
    pattern: '/control/devices',
    handler: ({ laboratory, request }) => {
      const body = readControlBody(request, newDeviceBody);
      const { settings, network } = laboratory;
      const wanted = parseNumber(body.number);
      if (wanted === undefined) throw new ControlError(400, 'number: must be a phone number of 5 to 15 digits');
      if (network.deviceOf(wanted) !== undefined) throw new ControlError(409, `There is a device ${wanted} already.`);
      const { registered = true } = body;
      const problem = body.password === undefined ? undefined : passwordProblem(body.password);
      if (problem !== undefined) throw new ControlError(400, `password: ${problem}`);
      const device = laboratory.createDevice({
        number: wanted,
        registered,
        // A new installation has the default password, which its first login changes.
        password: body.password ?? (registered ? settings.adminPassword : DEFAULT_PASSWORD),
        mode: body.mode ?? settings.mode,
        coreapps: body.coreapps ?? settings.coreapps,
      });
      return { status: 201, json: shownDevice(device) };
    },
  },
  {
    method: 'GET',
    pattern: '/control/devices/{number}',
    handler: ({ laboratory, request }) => {
      return { status: 200, json: shownDevice(deviceOf(laboratory, request.parameters['number'])) };
    },
  },
  {
    method: 'PATCH',
    pattern: '/control/devices/{number}',
    handler: ({ laboratory, request }) => {
      const device = deviceOf(laboratory, request.parameters['number']);
      const change = readControlBody(request, deviceChangeBody);
      device.mode = change.mode ?? device.mode;
      device.coreapps = change.coreapps ?? device.coreapps;
      device.media.full = change.mediaVolumeFull ?? device.media.full;
      if (change.state === 'unregistered') device.registration.lose();
      else if (change.state !== undefined) device.changeState(change.state);
      return { status: 200, json: shownDevice(device) };
    },
  },
  {
    method: 'POST',
    pattern: '/control/devices/{number}/restart',
    handler: ({ laboratory, request }) => {
      const device = deviceOf(laboratory, request.parameters['number']);
      device.restart();
      return { status: 200, json: shownDevice(device) };
    },
  },
];

const templateControls: ControlRoute[] = [
  {
    method: 'GET',
    pattern: '/control/templates',
    handler: ({ laboratory }) => ({ status: 200, json: { templates: laboratory.network.templates.list() } }),
  },
  {
    method: 'POST',
    pattern: '/control/templates',
    handler: ({ laboratory, request }) => {
      const template = readControlBody(request, templateBody);
      laboratory.network.templates.put(template);
      return { status: 201, json: { ...template } };
    },
  },
];

export const laboratoryControls: ControlRoute[] = [
  ...clockControls,
  ...faultControls,
  ...deviceControls,
  ...templateControls,
];
