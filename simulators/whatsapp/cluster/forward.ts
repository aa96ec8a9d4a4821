import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';

/** Passes a request on and its answer back; false when the other side could not be reached. */
export async function forward(incoming: IncomingMessage, response: ServerResponse, address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const outgoing = httpRequest(new URL(incoming.url ?? '/', address), {
    method: incoming.method,
    headers: incoming.headers,
  });
  outgoing.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.once('error', () => response.destroy());
    resolve(true);
  });
  outgoing.once('error', (error: NodeJS.ErrnoException) => {
    // Once it may have been read, nobody can say what became of it: the caller gets no answer either.
    if (error.code !== 'ECONNREFUSED') response.destroy();
    resolve(error.code !== 'ECONNREFUSED');
  });
  response.once('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
  return promise;
}
