import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { HttpAnswer, HttpRequest, WebhookRequest } from '../../../lambdas/channels/types.ts';
import {
  allChannelFiles,
  type ChannelFiles,
  channelFiles,
} from '../../../simulators/provider/channel/played-channel.ts';
import { type ProviderSimulator, startProviderSimulator } from '../../../simulators/provider/simulator.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** The fictional channel of the engine's tests, and cases for it: all that a provider needs to be played. */
export const pigeon = (): ChannelFiles =>
  channelFiles(path('../../channels/fixtures/pigeon.yaml'), path('./fixtures/pigeon-cases.yaml'));

export function startAll(): Promise<ProviderSimulator> {
  return startProviderSimulator({
    channels: [...allChannelFiles(), pigeon()],
    statusDelaysMs: { sent: 0, delivered: 1, read: 2 },
  });
}

/** Calls the control API. */
export async function control<Answer = Record<string, unknown>>(
  simulator: ProviderSimulator,
  method: string,
  target: string,
  body?: unknown,
): Promise<{ status: number; json: Answer }> {
  const response = await fetch(`${simulator.url}/control${target}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as Answer };
}

/** A server for webhooks that keeps what it got; how it answers is for each test to say. */
export async function startReceiver(answer: (webhook: WebhookRequest) => Promise<{ status: number; body: string }>) {
  const received: WebhookRequest[] = [];
  const watchers = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://receiver');
    const webhook: WebhookRequest = {
      method: request.method === 'GET' ? 'GET' : 'POST',
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      query: Object.fromEntries(url.searchParams),
      body: await text(request),
    };
    const { status, body } = await answer(webhook);
    received.push(webhook);
    response.writeHead(status).end(body);
    for (const look of watchers) look();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhook`,
    received,
    /** Resolves once so many have been answered. */
    async count(wanted: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = () => {
        if (received.length >= wanted) resolve();
      };
      watchers.add(look);
      look();
      await promise;
      watchers.delete(look);
    },
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A module that sends as the functions do whose requests are led to this simulator. */
export async function sendThrough(
  simulator: ProviderSimulator,
): Promise<(request: HttpRequest) => Promise<HttpAnswer>> {
  process.env['PROVIDER_PROXY_URL'] = simulator.url;
  process.env['PROVIDER_PROXY_HOSTS'] = simulator.hosts.join(' ');
  const { send } = await import('../../../lambdas/platform/http.ts');
  return (request) => send(request, { addresses: { allowLoopback: true }, timeoutMs: 5_000 });
}
