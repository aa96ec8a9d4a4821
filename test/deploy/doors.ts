import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { close, listen } from '../../local/listen.ts';

/**
 * Stands where DNS and TLS stand in AWS. The emulator knows an HTTP API by a host name (`<id>.execute-api.localhost`) that no
 * resolver has to know, and tells functions that name without its port. So customers get an address that leads there, and
 * devices get, instead of the name, the address that customers have.
 */
export class Doors {
  /** Where customers and devices reach the gateway. */
  readonly gatewayUrl: string;
  /** Where the gateway reaches the devices. */
  readonly devicesUrl: string;
  readonly #servers: readonly Server[];

  private constructor(gatewayUrl: string, devicesUrl: string, servers: readonly Server[]) {
    this.gatewayUrl = gatewayUrl;
    this.devicesUrl = devicesUrl;
    this.#servers = servers;
  }

  /** @param api the API's URL as the deployment names it: `http://<id>.execute-api.localhost:4566` */
  static async open(api: string, emulator: string, simulator: string): Promise<Doors> {
    const { host, hostname } = new URL(api);
    const toGateway = createServer((incoming, outgoing) =>
      forward(incoming, outgoing, emulator, { headers: { host, 'x-forwarded-proto': 'http' } }),
    );
    const gatewayUrl = `http://127.0.0.1:${await listen(toGateway, 0)}`;
    const toDevices = createServer((incoming, outgoing) =>
      forward(incoming, outgoing, simulator, {
        body: (text) => text.replaceAll(`http://${hostname}/`, `${gatewayUrl}/`),
      }),
    );
    const devicesUrl = `http://127.0.0.1:${await listen(toDevices, 0)}`;
    return new Doors(gatewayUrl, devicesUrl, [toGateway, toDevices]);
  }

  async close(): Promise<void> {
    for (const server of this.#servers) await close(server);
  }
}

interface Changes {
  headers?: Record<string, string>;
  body?: (text: string) => string;
}

/** Sends a request on to another server, with the same path, and its answer back. */
async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  to: string,
  changes: Changes,
): Promise<void> {
  const refuse = (error: Error) => {
    outgoing.writeHead(502);
    outgoing.end(error.message);
  };
  try {
    const received = await buffer(incoming);
    const body = changes.body ? Buffer.from(changes.body(received.toString('utf8'))) : received;
    const { 'transfer-encoding': _, ...headers } = incoming.headers;
    const { method, url = '/' } = incoming;
    const onward = request(
      to + url,
      { method, headers: { ...headers, ...changes.headers, 'content-length': body.length } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', refuse);
    onward.end(body);
  } catch (error) {
    refuse(error instanceof Error ? error : new Error(String(error)));
  }
}
