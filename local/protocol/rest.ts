import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { close, listen } from '../listen.ts';
import type { Calls } from './calls.ts';
import { type RunningServer, toServiceError } from './json.ts';
import { ServiceError } from './service-error.ts';

/** A request to a service whose actions have a method and path each. */
export interface RestRequest {
  /** What the path has after the action's own. */
  rest: string;
  query: URLSearchParams;
  /** The body's JSON; an empty object when there is none. */
  input: unknown;
}

export interface RestService {
  /** As a person calls it: `EFS`. */
  name: string;
  /** By method and beginning of the path: `DELETE /2015-02-01/access-points/`. */
  actions: Readonly<Record<string, (request: RestRequest) => unknown>>;
  calls?: Calls | undefined;
}

/** Serves AWS's REST-JSON protocol; an action that is not in the list is refused by method and path. */
export async function serveRest({ name, actions, calls }: RestService): Promise<RunningServer> {
  const server = createServer(async (request, response) => {
    const { status, code, body } = await answer(name, actions, request);
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-amzn-requestid': randomUUID(),
      ...(code !== undefined && { 'x-amzn-errortype': code }),
    });
    response.end(JSON.stringify(body));
  });
  calls?.watch(name, server);
  const port = await listen(server, 0);
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}

interface Answer {
  status: number;
  code?: string;
  body: unknown;
}

async function answer(service: string, actions: RestService['actions'], request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://service');
  const asked = `${request.method} ${url.pathname}`;
  const body = await text(request);
  try {
    // A path that ends in a slash takes what follows.
    const found = Object.entries(actions).find(([key]) => (key.endsWith('/') ? asked.startsWith(key) : asked === key));
    if (!found)
      throw new ServiceError('UnknownOperationException', `The local ${service} does not know ${asked}.`, {}, 404);
    const [key, action] = found;
    const rest = decodeURIComponent(asked.slice(key.length));
    const input = body === '' ? {} : JSON.parse(body);
    return { status: 200, body: (await action({ rest, query: url.searchParams, input })) ?? {} };
  } catch (error) {
    const { code, message, fields, status } = toServiceError(error);
    return { status, code, body: { ...fields, message, Message: message } };
  }
}
