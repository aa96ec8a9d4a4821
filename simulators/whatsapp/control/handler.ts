import type { Clock } from '../clock.ts';
import type { Device, DeviceSetup } from '../device/device.ts';
import type { Faults } from '../faults.ts';
import { type Answer, jsonBody, type Request, type Route } from '../http/router.ts';
import type { Contact } from '../network/contact.ts';
import type { Network } from '../network/network.ts';
import { parseNumber, type Settings } from '../options.ts';
import { type Check, ShapeError } from '../shape.ts';

/** What the control API works on. */
export interface Laboratory {
  clock: Clock;
  faults: Faults;
  network: Network;
  settings: Settings;
  createDevice(setup: DeviceSetup): Device;
}

export interface ControlCall {
  laboratory: Laboratory;
  request: Request;
  /** Aborted when the caller has gone away. */
  signal: AbortSignal;
}

export type ControlHandler = (call: ControlCall) => Answer | Promise<Answer>;
export type ControlRoute = Route<ControlHandler>;

/** A control request that cannot be met: answered as `{ "error": <sentence> }`. */
export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

/** The JSON body, checked; ControlError 400 with a sentence that says what is wrong. */
export function readControlBody<T>(request: Request, check: Check<T>): T {
  try {
    return check(jsonBody(request) ?? {}, '');
  } catch (error) {
    if (error instanceof ShapeError) throw new ControlError(400, error.message);
    if (error instanceof SyntaxError) throw new ControlError(400, `The body is not JSON: ${error.message}`);
    throw error;
  }
}

export function contactOf({ laboratory, request }: ControlCall): Contact {
  const number = parseNumber(request.parameters['number'] ?? '');
  if (number === undefined) throw new ControlError(400, 'The path names no phone number.');
  return laboratory.network.contact(number);
}

/** The device of a number, or the first one when none is named. */
export function deviceOf(laboratory: Laboratory, number: string | undefined): Device {
  const { devices } = laboratory.network;
  const wanted = number === undefined || number === 'first' ? undefined : (parseNumber(number) ?? number);
  const device = wanted === undefined ? devices[0] : laboratory.network.deviceOf(wanted);
  if (device === undefined) throw new ControlError(404, `There is no device ${number}.`);
  return device;
}
