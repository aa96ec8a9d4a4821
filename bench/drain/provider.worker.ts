import { once } from 'node:events';
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { close, listen } from '../../local/listen.ts';

/*
 * A provider that allows so many messages a second and a burst, as documented, and answers 429 beyond. It decides by when a request
 * arrives, by its own clock; its answer takes the time that a provider's does. Tells its port, and its log when asked for it.
 */

export interface ProviderLimit {
  perSecond: number;
  burst: number;
  answerMs: number;
}

export interface ProviderLog {
  /** When each accepted message arrived, in ms, and how many more would have been accepted then. */
  accepted: { at: number; left: number }[];
  refused: number;
}

const { perSecond, burst, answerMs } = workerData as ProviderLimit;
const interval = 1_000 / perSecond;
const log: ProviderLog = { accepted: [], refused: 0 };
/** When all that was accepted will have been paid for. */
let paidAt = 0;

const server = createServer((request, response) => {
  const now = performance.now();
  const isAllowed = paidAt - now <= (burst - 1) * interval;
  if (isAllowed) {
    paidAt = Math.max(paidAt, now) + interval;
    log.accepted.push({ at: now, left: burst - (paidAt - now) / interval });
  } else {
    log.refused += 1;
  }
  const body = isAllowed
    ? { messages: [{ id: `wamid.${log.accepted.length}` }] }
    : { error: { code: 130429, message: 'Rate limit hit' } };
  request.resume().on('end', () => {
    setTimeout(() => {
      response.writeHead(isAllowed ? 200 : 429, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }, answerMs);
  });
});
server.keepAliveTimeout = 60_000;

if (parentPort) {
  parentPort.postMessage(await listen(server, 0));
  await once(parentPort, 'message');
  parentPort.postMessage(log);
  await close(server);
}
