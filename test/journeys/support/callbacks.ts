import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import twilio from 'twilio';
import { gateway } from './gateway.ts';

/** A request that a customer's server got. */
export interface Callback {
  method: string;
  /** The whole URL, as the gateway was told it. */
  url: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** The form that the body is. */
  parameters: Record<string, string>;
}

export interface CallbackAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

const PATIENCE_MILLISECONDS = 15_000;

/**
 * A customer's server for callbacks: a real HTTP server that keeps what it got, in order of arrival.
 * `using`-style: call `stop` in `afterAll`.
 */
export class CallbackReceiver {
  /** Everything received so far. */
  readonly received: Callback[] = [];
  readonly #server: Server;
  readonly #watchers = new Set<() => void>();
  #answer: (callback: Callback) => CallbackAnswer | Promise<CallbackAnswer> = () => ({ status: 204 });

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => void this.#receive(request, response));
  }

  static async start(): Promise<CallbackReceiver> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new CallbackReceiver(server);
  }

  /** The URL of a path on this server. */
  url(path = '/'): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** What requests get from now on. Until told otherwise it is 204. */
  answerWith(answer: (callback: Callback) => CallbackAnswer | Promise<CallbackAnswer>): void {
    this.#answer = answer;
  }

  /**
   * Waits for a request, one that is here already or one to come.
   * @throws with what did arrive, when none comes within 15 s
   */
  async waitFor(wanted: (callback: Callback) => boolean): Promise<Callback> {
    const [callback] = await this.waitForAll((received) => received.some(wanted), wanted);
    if (!callback) throw new Error('A callback was there and is not any more.');
    return callback;
  }

  /** Waits until all that has arrived satisfies `enough`. @returns those that satisfy `which`, by default all */
  async waitForAll(
    enough: (received: readonly Callback[]) => boolean,
    which: (callback: Callback) => boolean = () => true,
  ): Promise<Callback[]> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (enough(this.received)) resolve();
    };
    const timer = setTimeout(() => {
      const arrived = this.received.map(({ path, body }) => `${path} ${body}`).join('\n');
      reject(new Error(`The callbacks waited for did not come. Received:\n${arrived || '(none)'}`));
    }, PATIENCE_MILLISECONDS);
    this.#watchers.add(look);
    try {
      look();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
    return this.received.filter(which);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString('utf8');
    const path = request.url ?? '/';
    const callback: Callback = {
      method: request.method ?? '',
      url: this.url(path),
      path,
      headers: request.headers,
      body,
      parameters: Object.fromEntries(new URLSearchParams(body)),
    };
    this.received.push(callback);
    for (const look of this.#watchers) look();
    const answer = await this.#answer(callback);
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body);
  }
}

/** Whether a callback is signed with the account's auth token, as the Twilio SDK checks it. */
export function isSigned(callback: Callback, authToken = gateway.authToken): boolean {
  const signature = String(callback.headers['x-twilio-signature']);
  return twilio.validateRequest(authToken, signature, callback.url, callback.parameters);
}
