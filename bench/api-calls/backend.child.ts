import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import process from 'node:process';
import { close, listen } from '../../local/listen.ts';
import { startAws } from '../../test/support/aws.ts';

/*
 * What the functions talk to, in a process of its own so that its CPU time is not theirs: AWS emulators, a provider that accepts every
 * message of WhatsApp, and a customer who takes every callback. Tells its parent where; ends when the parent disconnects.
 */

export interface Backend {
  environment: Record<string, string>;
  providerUrl: string;
  customerUrl: string;
}

const before = new Set(Object.keys(process.env));
const aws = await startAws();
let accepted = 0;
const provider = server((_request, response) => {
  accepted += 1;
  // As long as a message's id is.
  const id = `wamid.${String(accepted).padStart(52, 'A')}`;
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ messages: [{ id }] }));
});
const customer = server((_request, response) => response.writeHead(204).end());
const [providerPort, customerPort] = [await listen(provider, 0), await listen(customer, 0)];
const added = Object.entries(process.env).filter(([name]) => !before.has(name) || /^(AWS|ALLOW)_/.test(name));
const backend: Backend = {
  environment: Object.fromEntries(added.map(([name, value]) => [name, value ?? ''])),
  providerUrl: `http://127.0.0.1:${providerPort}`,
  customerUrl: `http://127.0.0.1:${customerPort}`,
};
process.send?.(backend);
await once(process, 'disconnect');
await Promise.all([close(provider), close(customer), aws.stop()]);

/** Answers when the request's body is there; keeps connections while a slow machine takes its time. */
function server(answer: RequestListener) {
  return createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
}
