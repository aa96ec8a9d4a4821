/*
 * Runs inside a worker thread: loads the function's bundle as Lambda's Node.js runtime would and calls its handler,
 * one event at a time.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { FunctionConfiguration, FunctionFailure, Invocation, WorkerMessage } from './protocol.ts';

type Handler = (event: unknown, context: object) => unknown;

const configuration = workerData as FunctionConfiguration;
if (!parentPort) throw new Error('This file runs in a worker thread only.');
const port = parentPort;

const send = (message: WorkerMessage) => port.postMessage(message);

// The flag cannot be given to a worker, so the one option that the functions use is read from where Lambda reads it.
process.setSourceMapsEnabled(process.env['NODE_OPTIONS']?.includes('--enable-source-maps') === true);

try {
  const handler = await loadHandler();
  port.on('message', (invocation: Invocation) => void handle(handler, invocation));
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'broken', failure: describe(error) });
}

async function handle(handler: Handler, { requestId, event, deadline }: Invocation): Promise<void> {
  try {
    const result = await handler(JSON.parse(event), contextOf(requestId, deadline));
    send({ kind: 'result', requestId, result: JSON.stringify(result) ?? 'null' });
  } catch (error) {
    send({ kind: 'error', requestId, failure: describe(error) });
  }
}

async function loadHandler(): Promise<Handler> {
  const separator = configuration.handler.lastIndexOf('.');
  const [file, name] = [configuration.handler.slice(0, separator), configuration.handler.slice(separator + 1)];
  const bundle = ['.js', '.mjs', '.cjs']
    .map((extension) => join(configuration.directory, file + extension))
    .find((path) => existsSync(path));
  if (!bundle) throw new Error(`Cannot find module '${file}' in ${configuration.directory}`);
  const exported: Record<string, unknown> = await import(pathToFileURL(bundle).href);
  const handler = exported[name];
  if (typeof handler !== 'function') throw new Error(`${configuration.handler} is undefined or not exported`);
  return handler as Handler;
}

function contextOf(requestId: string, deadline: number): object {
  return {
    functionName: configuration.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: configuration.arn,
    memoryLimitInMB: String(configuration.memoryMegabytes),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${configuration.name}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function describe(error: unknown): FunctionFailure {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] };
}
