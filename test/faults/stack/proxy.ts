import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { close, listen } from '../../../local/listen.ts';

/** What becomes of one request: it goes on, is refused, or is done and never answered. */
export type Verdict = 'pass' | { status: number; type: string } | 'drop-answer';

type Judge = (action: string, body: string) => Verdict;

/** An HTTP proxy in front of one AWS service, which may refuse or lose what passes through it. */
export interface FaultProxy {
  url: string;
  /** Says what becomes of each request from now on, given the action that it asks for (`PutItem`) and its body. */
  judge(verdict: Judge): void;
  /** From now on everything passes. */
  heal(): void;
  /** How many requests did not pass. */
  hits(): number;
  stop(): Promise<void>;
}

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const target = new URL(upstream);
  const everythingPasses = (): Verdict => 'pass';
  let judge: Judge = everythingPasses;
  let hits = 0;
  const server = createServer(async (incoming, response) => {
    const body = await buffer(incoming);
    const { method = 'POST', url = '/', headers } = incoming;
    const verdict = judge(actionOf(headers), body.toString('utf8'));
    if (verdict !== 'pass') hits += 1;
    if (typeof verdict === 'object') {
      const error = JSON.stringify({ __type: verdict.type, message: 'A fault was asked for.' });
      response.writeHead(verdict.status, { 'content-type': 'application/x-amz-json-1.0' }).end(error);
      return;
    }
    const forwarded = httpRequest(
      { host: target.hostname, port: target.port, method, path: url, headers },
      (answer) => {
        if (verdict === 'drop-answer') {
          answer.resume().once('end', () => response.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    forwarded.end(body);
  });
  const port = await listen(server, 0);
  return {
    url: `http://127.0.0.1:${port}`,
    judge(verdict) {
      judge = verdict;
    },
    heal() {
      judge = everythingPasses;
    },
    hits: () => hits,
    stop: () => close(server),
  };
}

/** As AWS's JSON protocols name it: `DynamoDB_20120810.PutItem`. */
const actionOf = (headers: IncomingHttpHeaders): string =>
  String(headers['x-amz-target'] ?? '')
    .split('.')
    .at(-1) ?? '';
