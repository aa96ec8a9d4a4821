import type { Device } from '../device/device.ts';
import type { User } from '../device/users.ts';
import { ApiError, checked } from '../http/errors.ts';
import { type Answer, jsonBody, type Request } from '../http/router.ts';
import type { Check } from '../shape.ts';

/**
 * Who may call: `anyone`; a `user` with a token; an `admin` with a token; a `monitor`, which is a user or the holder of
 * the static API key.
 */
export type Access = 'anyone' | 'user' | 'admin' | 'monitor';

export interface Call {
  device: Device;
  request: Request;
  /** Present unless the endpoint is open to anyone or the API key was used. */
  user: User | undefined;
}

export interface Endpoint {
  access: Access;
  run: (call: Call) => Answer;
}

export interface ApiRoute {
  method: string;
  pattern: string;
  handler: Endpoint;
}

export function route(method: string, pattern: string, access: Access, run: Endpoint['run']): ApiRoute {
  return { method, pattern, handler: { access, run } };
}

/** The body, checked. An unreadable one is 1025, a missing one counts as an empty object. */
export function readBody<T>(request: Request, check: Check<T>): T {
  let body: unknown;
  try {
    body = jsonBody(request);
  } catch {
    throw new ApiError(1025, 'The body is not JSON.');
  }
  return checked(check, body ?? {});
}

export function parameter(request: Request, name: string): string {
  const value = request.parameters[name];
  if (value === undefined) throw new Error(`The route has no parameter ${name}.`);
  return value;
}

/** An answer that says nothing but `meta`. */
export const DONE: Answer = { status: 200, json: {} };
