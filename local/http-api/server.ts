import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { FunctionError } from '../lambda/environment.ts';
import { EventTooLargeError, type LambdaFunction } from '../lambda/function.ts';
import { close, listen } from '../listen.ts';
import { splitTarget, toEvent } from './event.ts';
import { gatewayError, type OutgoingResponse, toResponse } from './response.ts';
import { matchRoute, type Route } from './routes.ts';

const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
/** HTTP APIs wait this long for an integration and no longer, whatever the function's own timeout. */
const INTEGRATION_TIMEOUT_MILLISECONDS = 30_000;

export interface Integration {
  function: Pick<LambdaFunction, 'invoke'>;
  timeoutMilliseconds: number;
}

/** API Gateway's HTTP API, with the `$default` stage at the root. Answers 503 until it is opened. */
export class HttpApi {
  readonly url: string;
  readonly #server: Server;
  #api: { id: string; routes: readonly Route<Integration>[] } | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** @throws StartError when the port is taken */
  static async start(port: number): Promise<HttpApi> {
    const server = createServer();
    const api = new HttpApi(server, await listen(server, port));
    server.on('request', async (request, response) => {
      const { status, headers, body } = await api.#answer(request);
      response.writeHead(status, { ...headers, 'apigw-requestid': randomUUID(), 'content-length': body.length });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
    return api;
  }

  open(id: string, routes: readonly Route<Integration>[]): void {
    this.#api = { id, routes };
  }

  async stop(): Promise<void> {
    await close(this.#server);
  }

  async #answer(request: IncomingMessage): Promise<OutgoingResponse> {
    if (!this.#api) return gatewayError(503, 'Service Unavailable');
    const [method, target] = [request.method ?? 'GET', request.url ?? '/'];
    const match = matchRoute(this.#api.routes, method, splitTarget(target).path);
    if (!match) return gatewayError(404, 'Not Found');
    const body = await readBody(request);
    if (!body) return gatewayError(413, 'Request Entity Too Large');
    const { socket, rawHeaders } = request;
    const event = toEvent(
      { method, target, rawHeaders, body, sourceIp: socket.remoteAddress ?? '', port: socket.localPort ?? 0 },
      { apiId: this.#api.id, routeKey: match.route.key, pathParameters: match.pathParameters },
    );
    return await call(match.route.target, event);
  }
}

async function call(integration: Integration, event: unknown): Promise<OutgoingResponse> {
  const patience = new AbortController();
  const timeout = Math.min(integration.timeoutMilliseconds, INTEGRATION_TIMEOUT_MILLISECONDS);
  try {
    return await Promise.race([
      integration.function.invoke(event).then(toResponse),
      delay(timeout, gatewayError(503, 'Service Unavailable'), { signal: patience.signal }),
    ]);
  } catch (error) {
    if (error instanceof EventTooLargeError) return gatewayError(413, 'Request Entity Too Large');
    if (error instanceof FunctionError) return gatewayError(500, 'Internal Server Error');
    return gatewayError(503, 'Service Unavailable');
  } finally {
    patience.abort();
  }
}

/** The body, or nothing when it is larger than an HTTP API takes; the rest of such a body is read and dropped. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= BODY_LIMIT_BYTES) chunks.push(chunk);
  }
  return length <= BODY_LIMIT_BYTES ? Buffer.concat(chunks) : undefined;
}
