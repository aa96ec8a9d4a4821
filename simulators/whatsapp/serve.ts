import type { IncomingMessage, ServerResponse } from 'node:http';
import { dispatch } from './api/dispatch.ts';
import { contactControls } from './control/contacts.ts';
import { ControlError, type ControlHandler, type Laboratory } from './control/handler.ts';
import { laboratoryControls } from './control/laboratory.ts';
import type { Device } from './device/device.ts';
import { UPLOAD_LIMIT } from './device/media.ts';
import { ApiError } from './http/errors.ts';
import { readAll, respond } from './http/respond.ts';
import { type Answer, type Request, Router } from './http/router.ts';

const JSON_LIMIT = 1024 * 1024;

/** Answers every request to a laboratory: its devices' API and, below `/control`, its own. */
export function requestListener(laboratory: Laboratory): (incoming: IncomingMessage, response: ServerResponse) => void {
  const { log } = laboratory.settings;
  return (incoming, response) => {
    handle(laboratory, incoming, response).catch((error: unknown) => {
      // A caller who hung up in the middle is no error of ours.
      if (incoming.destroyed && !incoming.complete) return;
      log({ event: 'error', path: anonymous(incoming.url), message: String(error), stack: (error as Error).stack });
      if (response.headersSent) response.destroy();
      else respond(response, failure(new ApiError(1014)), metaOf(laboratory.settings));
    });
  };
}

const controls = new Router<ControlHandler>([...contactControls, ...laboratoryControls]);

/** A path for the log: without query and without phone numbers. */
function anonymous(url = '/'): string {
  return new URL(url, 'http://simulator').pathname.replaceAll(/\d{5,}/g, '…');
}

/** What the container adds to every JSON answer. */
export function metaOf(settings: Laboratory['settings']) {
  return { api_status: 'stable', version: settings.version.text };
}

/** An error as the container answers it. */
export function failure(error: ApiError): Answer {
  return { status: error.status, json: { errors: [error.entry] } };
}

async function handle(laboratory: Laboratory, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://simulator');
  const { headers, method = 'GET' } = incoming;
  const request = { method, path: url.pathname, query: url.searchParams, headers };
  if (url.pathname === '/control' || url.pathname.startsWith('/control/')) {
    const body = await readAll(incoming, UPLOAD_LIMIT * 2);
    await control(laboratory, { ...request, body: body ?? Buffer.alloc(0) }, response);
    return;
  }
  const { device, path } = locate(laboratory, url.pathname);
  const body = await readAll(incoming, path.startsWith('/v1/media') ? UPLOAD_LIMIT : JSON_LIMIT);
  await serve(laboratory, device, { ...request, path, body }, response);
}

/** Finds the device that a path belongs to: `/devices/<number>/…`, or the first one. */
function locate({ network }: Laboratory, path: string): { device: Device | undefined; path: string } {
  const match = /^\/devices\/([^/]+)(\/.*)?$/.exec(path);
  if (match === null) return { device: network.devices[0], path };
  return { device: network.deviceOf(match[1] ?? ''), path: match[2] ?? '/' };
}

type DeviceRequest = Omit<Request, 'parameters' | 'body'> & { body: Buffer | undefined };

async function serve(
  laboratory: Laboratory,
  device: Device | undefined,
  request: DeviceRequest,
  response: ServerResponse,
): Promise<void> {
  const { method, path, body } = request;
  const fault = laboratory.faults.forRequest({ path, method, device: device?.number });
  if (fault.delayMs > 0) await laboratory.clock.sleep(fault.delayMs);
  if (fault.down || device?.state === 'booting') {
    response.destroy();
    return;
  }
  const started = performance.now();
  let answer: Answer;
  try {
    if (fault.answer !== undefined) answer = { status: fault.answer.status, json: { errors: [fault.answer.error] } };
    else if (device === undefined) throw new ApiError(1006, 'There is no such device.');
    else if (body === undefined) throw new ApiError(1009, 'The body is too large.', 413);
    else answer = dispatch(device, { ...request, body });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    answer = failure(error);
  }
  if (device !== undefined) count(device, request, answer.status, performance.now() - started);
  if (fault.answerDelayMs > 0) await laboratory.clock.sleep(fault.answerDelayMs);
  if (fault.dropAfterAccepting) response.destroy();
  else respond(response, answer, metaOf(laboratory.settings));
}

function count(device: Device, { method, path }: DeviceRequest, status: number, durationMs: number): void {
  // Only the first part of the path, and only of paths that exist: a metric for each id or typo would grow for ever.
  const endpoint = status === 404 ? 'not_found' : `${method}_${path.split('/').slice(1, 3).join('_')}`;
  device.statistics.add('endpoint_requests', { endpoint, result: String(status) });
  device.statistics.add('endpoint_requests_duration_ms_sum', { endpoint }, durationMs);
}

async function control(
  laboratory: Laboratory,
  request: Omit<Request, 'parameters'>,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const found = controls.find(request.method, request.path);
    if (found === undefined) throw new ControlError(404, `There is no ${request.method} ${request.path}.`);
    const call = { laboratory, request: { ...request, parameters: found.parameters }, signal: gone.signal };
    respond(response, await found.handler(call));
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    respond(response, { status: error.status, json: { error: error.message } });
  }
}
