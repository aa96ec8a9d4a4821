import { ControlError, readControlBody } from '../../whatsapp/control/handler.ts';
import { faultRules } from '../../whatsapp/faults.ts';
import { boolean, number, object, optional } from '../../whatsapp/shape.ts';
import type { Laboratory } from '../laboratory.ts';
import type { ControlRoute } from './call.ts';

const LONGEST_ADVANCE_MS = 10 * 365 * 24 * 3600 * 1000;
const clockBody = object({
  /** 0 waits for the webhooks under way and moves nothing. */
  advanceMs: optional(number({ min: 0, max: LONGEST_ADVANCE_MS, integer: true })),
  frozen: optional(boolean),
});

function shownClock({ clock }: Laboratory) {
  return { status: 200, json: { now: new Date(clock.now()).toISOString(), frozen: clock.frozen } };
}

function shownFaults({ faults }: Laboratory) {
  return { status: 200, json: { faults: faults.list() } };
}

export const laboratoryControls: ControlRoute[] = [
  { method: 'GET', pattern: '/control/clock', handler: ({ laboratory }) => shownClock(laboratory) },
  {
    method: 'POST',
    pattern: '/control/clock',
    handler: async ({ laboratory, request }) => {
      const { advanceMs, frozen } = readControlBody(request, clockBody);
      if (advanceMs === undefined && frozen === undefined) throw new ControlError(400, 'Name advanceMs or frozen.');
      if (frozen === true) laboratory.clock.freeze();
      if (advanceMs !== undefined) await laboratory.clock.advance(advanceMs);
      if (frozen === false) laboratory.clock.resume();
      return shownClock(laboratory);
    },
  },
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
  {
    method: 'GET',
    pattern: '/control/requests',
    handler: ({ laboratory }) => ({ status: 200, json: { requests: laboratory.seen } }),
  },
];
