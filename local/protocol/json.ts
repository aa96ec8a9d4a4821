import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { close, listen } from '../listen.ts';
import type { Calls } from './calls.ts';
import { ServiceError } from './service-error.ts';

/** What an AWS service can be asked to do, by the action's name. Times in answers are seconds since the epoch. */
export type JsonActions = Readonly<Record<string, (input: unknown) => unknown>>;

export interface JsonService {
  /** As a person calls it: `Step Functions`. */
  name: string;
  protocol: '1.0' | '1.1';
  actions: JsonActions;
  /** Counts what it is asked. */
  calls?: Calls | undefined;
}

export interface RunningServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * Serves AWS's JSON 1.0 and 1.1 protocols: one URL, the action in the header `X-Amz-Target`, errors as `__type`. An
 * action that is not in the list is refused by name, and so is an input that it cannot read.
 */
export async function serveJson({ name, protocol, actions, calls }: JsonService): Promise<RunningServer> {
  const server = createServer(async (request, response) => {
    const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const { status, body } = await answer(name, actions, action, await text(request));
    response.writeHead(status, {
      'content-type': `application/x-amz-json-${protocol}`,
      'x-amzn-requestid': randomUUID(),
    });
    response.end(JSON.stringify(body));
  });
  calls?.watch(name, server);
  const port = await listen(server, 0);
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}

interface Answer {
  status: number;
  body: unknown;
}

async function answer(service: string, actions: JsonActions, name: string, body: string): Promise<Answer> {
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (!action) {
    return failure(new ServiceError('UnknownOperationException', `The local ${service} does not know ${name}.`));
  }
  try {
    return { status: 200, body: (await action(body === '' ? {} : JSON.parse(body))) ?? {} };
  } catch (error) {
    return failure(toServiceError(error));
  }
}

/** What a caller is told about anything that was thrown. */
export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof z.ZodError) return new ServiceError('ValidationException', z.prettifyError(error));
  if (error instanceof SyntaxError) return new ServiceError('SerializationException', 'The request is no JSON.');
  return new ServiceError('InternalServerError', String(error), {}, 500);
}

function failure({ code, message, fields, status }: ServiceError): Answer {
  return { status, body: { ...fields, __type: code, message } };
}
