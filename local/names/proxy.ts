import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { close, listen } from '../listen.ts';

/** Where a request goes instead. */
export interface Destination {
  /** A base URL; nothing when the name leads nowhere now, as when its containers are down. */
  url: string | undefined;
  /** Whether the other side takes the whole URL for its target, as a proxy does. */
  asProxy: boolean;
}

export type FindDestination = (method: string, url: URL) => Destination;

/**
 * A proxy for the functions of the local stack: names that mean something only in AWS or on the internet lead to what
 * stands for them on this machine. Where there is nobody, it answers 502 and says so in `Proxy-Status` (RFC 9209), which
 * means that the request was never sent; an exchange that breaks later breaks on this side too.
 */
export class NameProxy {
  readonly url: string;
  readonly #stop: () => Promise<void>;

  private constructor(url: string, stop: () => Promise<void>) {
    this.url = url;
    this.#stop = stop;
  }

  static async start(find: FindDestination): Promise<NameProxy> {
    const agent = new Agent({ keepAlive: true, maxSockets: 500 });
    const server = createServer((incoming, response) => forward(find, agent, incoming, response));
    const port = await listen(server, 0);
    return new NameProxy(`http://127.0.0.1:${port}`, async () => {
      agent.destroy();
      await close(server);
    });
  }

  async stop(): Promise<void> {
    await this.#stop();
  }
}

function forward(find: FindDestination, agent: Agent, incoming: IncomingMessage, response: ServerResponse): void {
  const { method = 'GET', url: target = '/', rawHeaders } = incoming;
  const url = URL.parse(target);
  if (!url) {
    response.writeHead(400).end('This is a proxy: the target of a request is a whole URL.');
    return;
  }
  const destination = find(method, url);
  if (destination.url === undefined) {
    refuse(response, 'dns_error');
    return;
  }
  const outgoing = request(destination.url, {
    method,
    // As on the wire, so that what is signed stays as it is.
    headers: rawHeaders,
    path: destination.asProxy ? target : url.pathname + url.search,
    agent,
  });
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    answer.pipe(response);
    answer.on('close', () => answer.complete || response.destroy());
  });
  outgoing.on('error', (error) => {
    if ('code' in error && error.code === 'ECONNREFUSED' && !response.headersSent)
      refuse(response, 'connection_refused');
    else response.destroy();
  });
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function refuse(response: ServerResponse, error: 'dns_error' | 'connection_refused'): void {
  response.writeHead(502, { 'proxy-status': `switchboard; error=${error}` }).end();
}
