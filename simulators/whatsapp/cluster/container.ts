import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv4 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { ApiError } from '../http/errors.ts';
import { respond } from '../http/respond.ts';
import { completeOptions, type SimulatorOptions } from '../options.ts';
import { failure, metaOf } from '../serve.ts';
import type { Simulator } from '../simulator.ts';
import { forward } from './forward.ts';
import { type Candidate, Lease } from './lease.ts';
import { type NodeRole, Nodes } from './nodes.ts';
import { Speaker } from './speaker.ts';
import { StateDirectory } from './state-directory.ts';

export interface ContainerOptions {
  role: NodeRole;
  /** Shared by all containers of the number, and by no others. */
  stateDirectory: string;
  /** How often a container says that it is there; after three times that without a word it is gone. */
  heartbeatMs: number;
}

/**
 * Starts one container of a number: a web, a master or a coreapp. Every role answers `GET /`; the webs pass everything
 * else on to the container that speaks for the number, which is the coreapp of a single one and else the primary master.
 */
export async function startContainer(options: SimulatorOptions, container: ContainerOptions): Promise<Simulator> {
  const { role, stateDirectory, heartbeatMs } = container;
  const settings = completeOptions(options);
  const host = options.host ?? '127.0.0.1';
  const directory = new StateDirectory(stateDirectory);
  const lease = new Lease(directory, heartbeatMs * 3);
  const nodes = new Nodes(directory, heartbeatMs * 3);
  const maySpeak = role === 'master' || (role === 'coreapp' && settings.mode === 'single');
  const own: Candidate = { id: `${hostname()}-${randomUUID().slice(0, 8)}`, address: '' };
  let speaker: Speaker | undefined;

  const answer = async (incoming: IncomingMessage, response: ServerResponse) => {
    if (incoming.method === 'GET' && incoming.url === '/') return respond(response, { status: 200 });
    if (speaker) return speaker.listener(incoming, response);
    const holder = role === 'web' ? lease.holder() : undefined;
    if (holder && (await forward(incoming, response, holder.address))) return;
    respond(response, failure(refusalOf(role)), metaOf(settings));
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => {
      settings.log({ event: 'error', message: String(error), stack: (error as Error).stack });
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  own.address = `http://${reachableAddress(host)}:${port}`;

  const beat = () => {
    nodes.announce(own.id, role);
    if (!maySpeak) return;
    const speaks = lease.take(own);
    if (speaks && !speaker) {
      speaker = new Speaker(own.id, options, directory, nodes);
      settings.log({ event: 'primary', role });
    } else if (!speaks && speaker) {
      speaker.stop();
      speaker = undefined;
      settings.log({ event: 'secondary', role });
    }
    speaker?.look();
  };
  beat();
  const heartbeat = setInterval(beat, heartbeatMs);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async stop() {
      clearInterval(heartbeat);
      speaker?.stop();
      // Told, the others need not wait until its silence is noticed.
      nodes.leave(own.id);
      lease.release(own);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function refusalOf(role: NodeRole): ApiError {
  if (role === 'master') return new ApiError(1017);
  if (role === 'coreapp') return new ApiError(1018);
  return new ApiError(1014, 'Connection timed out. Please check if wacore is running: wacore:6252');
}

/** Where other machines reach this one: the first address that is not its own loopback, unless it listens there only. */
function reachableAddress(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.find(({ address, internal }) => !internal && isIPv4(address))?.address ?? '127.0.0.1';
}
