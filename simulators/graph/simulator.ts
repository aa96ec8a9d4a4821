import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Clock } from '../whatsapp/clock.ts';
import { ControlError } from '../whatsapp/control/handler.ts';
import { Faults } from '../whatsapp/faults.ts';
import { readAll, respond } from '../whatsapp/http/respond.ts';
import { type Answer, type Request, Router } from '../whatsapp/http/router.ts';
import { accountRoutes } from './api/accounts.ts';
import { type GraphHandler, readGiven, requireToken } from './api/call.ts';
import { objectRoutes } from './api/objects.ts';
import { phoneNumberRoutes } from './api/phone-numbers.ts';
import { tokenRoutes } from './api/tokens.ts';
import { Meta, type MetaSettings } from './business/meta.ts';
import { EventSender } from './business/webhooks.ts';
import { type ControlCall, controlRoutes } from './control/routes.ts';
import { GraphError } from './graph-error.ts';

const BODY_LIMIT = 1024 * 1024;

export interface GraphSimulatorOptions extends Partial<MetaSettings> {
  /** 0, the default, takes a free one. */
  port?: number;
  /** Default 127.0.0.1: the control API has no authentication. */
  host?: string;
  /** Receives one object for each thing worth a log line. Default: nothing is logged. */
  log?: (line: Record<string, unknown>) => void;
}

export interface GraphSimulator {
  /** Graph is at `<url>/v25.0/…` (any version), the control API below `<url>/control`. */
  url: string;
  /**
   * Whether a request to graph.facebook.com is for this simulator: managing accounts and numbers is, sending is not.
   * @param url of the request, whatever its host
   */
  answersFor(method: string, url: URL): boolean;
  stop(): Promise<void>;
}

const withToken = new Router<GraphHandler>([...accountRoutes, ...phoneNumberRoutes, ...objectRoutes]);
const withoutToken = new Router<GraphHandler>(tokenRoutes);
const controls = new Router<(typeof controlRoutes)[number]['handler']>(controlRoutes);

/** Edges that other products of Meta's have too; there only the id tells whose they are. */
const SHARED_EDGES = new Set(['', 'subscribed_apps']);

/** Starts a stand-in for the part of Meta's Graph API that registers phone numbers. Rejects when the port is taken. */
export async function startGraphSimulator(options: GraphSimulatorOptions = {}): Promise<GraphSimulator> {
  const { port = 0, host = '127.0.0.1', log = () => {}, approvalDelayMs = 500, callsPerHour = 5_000 } = options;
  const meta = new Meta(new Clock(), { approvalDelayMs, callsPerHour }, new EventSender(log));
  const faults = new Faults();
  const server = createServer((incoming, response) => {
    handle(meta, faults, incoming, response, log).catch((error: unknown) => {
      // A caller who hung up in the middle is no error of ours.
      if (incoming.destroyed && !incoming.complete) return;
      log({ event: 'error', message: String(error), stack: (error as Error).stack });
      if (response.headersSent) response.destroy();
      else respond(response, { status: 500, json: { error: String(error) } });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    answersFor: (method, url) => answersFor(meta, method, url),
    async stop() {
      meta.clock.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function answersFor(meta: Meta, method: string, { pathname }: URL): boolean {
  const path = unversioned(pathname);
  if (withoutToken.find(method, path)) return true;
  if (!withToken.find(method, path)) return false;
  const [, id = '', edge = ''] = path.split('/');
  return !SHARED_EDGES.has(edge) || meta.accounts.has(id) || meta.numberById(id) !== undefined;
}

async function handle(
  meta: Meta,
  faults: Faults,
  incoming: IncomingMessage,
  response: ServerResponse,
  log: (line: Record<string, unknown>) => void,
): Promise<void> {
  const { method = 'GET', url: target = '/', headers } = incoming;
  const body = await readAll(incoming, BODY_LIMIT);
  const url = new URL(target, 'http://graph');
  const request = { method, query: url.searchParams, headers, body: body ?? Buffer.alloc(0) };
  if (url.pathname === '/') return respond(response, { status: 200, json: { status: 'up' } });
  if (url.pathname.startsWith('/control/')) {
    return respond(
      response,
      await control({ meta, faults, request: { ...request, path: url.pathname, parameters: {} } }),
    );
  }
  const path = unversioned(url.pathname);
  const fault = faults.forRequest({ path, method, device: undefined });
  if (fault.delayMs > 0) await meta.clock.sleep(fault.delayMs);
  if (fault.down) return void response.destroy();
  const answer = fault.answer
    ? new GraphError(fault.answer.error.code, 'A fault that was asked for.', { status: fault.answer.status }).answer
    : await graph(meta, { ...request, path, parameters: {} });
  // The query may hold a token.
  log({ event: 'request', method, path, status: answer.status });
  if (fault.dropAfterAccepting) response.destroy();
  else respond(response, answer);
}

async function graph(meta: Meta, request: Request): Promise<Answer> {
  try {
    const open = withoutToken.find(request.method, request.path);
    if (!open) requireToken(meta, request);
    const found = open ?? withToken.find(request.method, request.path);
    if (!found) throw new GraphError(100, `Unsupported ${request.method} request to ${request.path}.`);
    const call = { meta, request: { ...request, parameters: found.parameters }, given: readGiven(request) };
    return await found.handler(call);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    return error.answer;
  }
}

async function control(call: ControlCall): Promise<Answer> {
  try {
    const found = controls.find(call.request.method, call.request.path);
    if (!found) throw new ControlError(404, `There is no ${call.request.method} ${call.request.path}.`);
    return await found.handler({ ...call, request: { ...call.request, parameters: found.parameters } });
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return { status: error.status, json: { error: error.message } };
  }
}

const unversioned = (path: string) => path.replace(/^\/v\d+\.\d+(?=\/)/, '');
