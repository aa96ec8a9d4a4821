import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Clock } from '../whatsapp/clock.ts';
import { ControlError } from '../whatsapp/control/handler.ts';
import { Faults, type RequestFault } from '../whatsapp/faults.ts';
import { readAll, respond } from '../whatsapp/http/respond.ts';
import { type Request, Router } from '../whatsapp/http/router.ts';
import { failedAnswer } from './channel/answers.ts';
import { decodeBody, UnreadableBodyError } from './channel/body.ts';
import { allChannelFiles, type ChannelFiles } from './channel/played-channel.ts';
import type { IncomingRequest } from './channel/recognise.ts';
import type { ControlHandler } from './control/call.ts';
import { contactControls } from './control/contacts.ts';
import { laboratoryControls } from './control/laboratory.ts';
import { senderControls } from './control/senders.ts';
import { channelReader, type Laboratory, type SeenRequest, type StatusDelays } from './laboratory.ts';
import { PhoneBook } from './network/phone-book.ts';
import { type Reaction, react } from './provider.ts';

const BODY_LIMIT = 100 * 1024 * 1024;
/** Requests that are remembered. */
const SEEN_LIMIT = 500;

export interface ProviderSimulatorOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  host?: string;
  /** The channels to play; all of `specs/` unless given. */
  channels?: readonly ChannelFiles[];
  statusDelaysMs?: StatusDelays;
  log?: (line: Record<string, unknown>) => void;
}

export interface ProviderSimulator {
  /** `http://127.0.0.1:9200`: a proxy for the providers' hosts, and the control API below `/control`. */
  url: string;
  port: number;
  /** The hosts that it answers for, with `*` where a sender's field goes. */
  hosts: string[];
  stop(): Promise<void>;
}

/** Starts a process-wide stand-in for the providers of all channels. Rejects when the port is taken. */
export async function startProviderSimulator(options: ProviderSimulatorOptions = {}): Promise<ProviderSimulator> {
  const { port = 0, host = '127.0.0.1', channels = allChannelFiles(), log = () => {} } = options;
  let url = '';
  const laboratory: Laboratory = {
    clock: new Clock(),
    faults: new Faults(),
    phones: new PhoneBook(),
    files: channels,
    senders: new Map(),
    media: new Map(),
    unconfirmed: new Set(),
    seen: [],
    statusDelays: options.statusDelaysMs ?? { sent: 30, delivered: 80, read: 200 },
    url: () => url,
    channel: channelReader(channels),
    log,
  };
  const server = createServer((incoming, response) => {
    handle(laboratory, incoming, response).catch((error: unknown) => {
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
  url = `http://127.0.0.1:${address.port}`;
  return {
    url,
    port: address.port,
    hosts: [...new Set(channels.flatMap(({ hosts }) => hosts))].sort(),
    async stop() {
      laboratory.clock.stop();
      for (const sender of laboratory.senders.values()) sender.webhooks.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

const controls = new Router<ControlHandler>([...contactControls, ...senderControls, ...laboratoryControls]);

async function handle(laboratory: Laboratory, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url: target = '/', headers } = incoming;
  const bytes = (await readAll(incoming, BODY_LIMIT)) ?? Buffer.alloc(0);
  // A proxy's request names the whole URL (RFC 9112, section 3.2.2); any other is for this process.
  const isProxied = !target.startsWith('/');
  const url = new URL(target, `http://${headers.host ?? 'simulator'}`);
  if (!isProxied && url.pathname === '/') return respond(response, { status: 200, json: { status: 'up' } });
  if (!isProxied && url.pathname.startsWith('/control/')) {
    const request = { method, path: url.pathname, query: url.searchParams, headers, body: bytes };
    return await control(laboratory, request, response);
  }
  if (!isProxied && url.pathname.startsWith('/media/')) {
    const file = laboratory.media.get(decodeURIComponent(url.pathname.slice('/media/'.length)));
    if (!file) return respond(response, { status: 404, json: { error: 'There is no such file.' } });
    return respond(response, { status: 200, bytes: { type: file.contentType, content: file.content } });
  }
  const names = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]);
  await provide(laboratory, { method, url, headers: Object.fromEntries(names), bytes }, response);
}

async function provide(
  laboratory: Laboratory,
  request: Omit<IncomingRequest, 'body'>,
  response: ServerResponse,
): Promise<void> {
  const { clock, faults } = laboratory;
  const { method, url } = request;
  let reaction: Reaction;
  try {
    const body = await decodeBody(request.headers['content-type'] ?? '', request.bytes);
    reaction = await react({ ...request, body }, laboratory);
  } catch (error) {
    if (!(error instanceof UnreadableBodyError)) throw error;
    reaction = { answer: { status: 400, headers: {}, body: '' }, recognised: undefined, problems: [error.message] };
  }
  const sender = reaction.recognised?.example.sender;
  const fault = faults.forRequest({ method, path: url.pathname, device: sender?.context.address });
  if (fault.delayMs > 0) await clock.sleep(fault.delayMs);
  if (fault.down) {
    response.destroy();
    return;
  }
  const answer = sender && fault.answer ? faultAnswer(fault.answer, sender) : reaction.answer;
  note(laboratory, request, reaction, 'file' in answer ? 200 : answer.status);
  if (fault.answer === undefined) reaction.afterwards?.();
  if (fault.answerDelayMs > 0) await clock.sleep(fault.answerDelayMs);
  if (fault.dropAfterAccepting) response.destroy();
  else if ('file' in answer) {
    const { contentType, content } = answer.file;
    respond(response, { status: 200, bytes: { type: contentType, content } });
  } else {
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(answer.body);
  }
}

type FaultAnswer = NonNullable<RequestFault['answer']>;
type KnownSender = NonNullable<Reaction['recognised']>['example']['sender'];

function faultAnswer({ status, error }: FaultAnswer, { played }: KnownSender) {
  return failedAnswer(played, { code: String(error.code), status });
}

function note(
  { seen, clock, log }: Laboratory,
  { method, url }: Pick<IncomingRequest, 'method' | 'url'>,
  { recognised, problems }: Reaction,
  status: number,
): void {
  const { example } = recognised ?? {};
  const line: SeenRequest = {
    at: new Date(clock.now()).toISOString(),
    method,
    host: url.host,
    path: url.pathname,
    ...(example && {
      channel: example.sender.played.name,
      device: example.sender.context.address,
      purpose: example.purpose,
      like: example.label,
    }),
    status,
    problems,
  };
  seen.push(line);
  if (seen.length > SEEN_LIMIT) seen.shift();
  if (problems.length > 0) log({ event: 'refused', ...line, path: undefined });
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
