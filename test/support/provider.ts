import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a scripted provider does with one request. */
export type Script = { status?: number; headers?: Record<string, string>; body?: unknown } | 'hang up' | 'never answer';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A real HTTP server that answers each request with the next script, and the last one for ever after. */
export interface Provider {
  url: string;
  requests: ReceivedRequest[];
  script(...scripts: Script[]): void;
  stop(): Promise<void>;
}

export async function startProvider(): Promise<Provider> {
  let scripts: Script[] = [{ status: 200, body: {} }];
  const requests: ReceivedRequest[] = [];
  const server = createServer(async (request, response) => {
    requests.push({
      method: request.method ?? '',
      path: request.url ?? '',
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body: await text(request),
    });
    const script = scripts.length > 1 ? scripts.shift() : scripts[0];
    if (script === 'never answer') return;
    if (script === 'hang up' || !script) {
      response.destroy();
      return;
    }
    const body = typeof script.body === 'string' ? script.body : JSON.stringify(script.body ?? {});
    response.writeHead(script.status ?? 200, { 'content-type': 'application/json', ...script.headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    script(...next) {
      scripts = next;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
