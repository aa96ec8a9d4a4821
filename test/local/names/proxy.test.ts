import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { close, freePort, listen } from '../../../local/listen.ts';
import { type Destination, NameProxy } from '../../../local/names/proxy.ts';

interface Answer {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

describe('The name proxy', () => {
  let proxy: NameProxy;
  let behind: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let destination: Destination;

  beforeEach(async () => {
    behind = createServer((incoming, response) => answer(incoming, response));
    destination = { url: `http://127.0.0.1:${await listen(behind, 0)}`, asProxy: false };
    proxy = await NameProxy.start((_method, { hostname }) =>
      hostname === 'web.fleet.internal' ? destination : { url: undefined, asProxy: false },
    );
  });

  afterEach(async () => {
    await proxy.stop();
    await close(behind);
  });

  /** As the functions' HTTP client does it: the whole URL is the target. */
  function send(target: string, { method = 'POST', body = 'hello' } = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const outgoing = request(proxy.url, {
      method,
      path: target,
      headers: { host: 'web.fleet.internal:8080', 'X-Kept': 'Yes' },
    });
    outgoing.on('response', async (response) => {
      try {
        resolve({ status: response.statusCode, headers: response.headers, body: await text(response) });
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }

  it.each([
    ['a container', false, '/v1/health?format=json'],
    ['a proxy', true, 'http://web.fleet.internal:8080/v1/health?format=json'],
  ])('hands a request on to %s with all that belongs to it, and the answer back', async (_name, asProxy, target) => {
    destination = { ...destination, asProxy };
    answer = async (incoming, response) => {
      const { method, url, headers } = incoming;
      response.writeHead(201, {
        'x-seen': JSON.stringify({ method, url, host: headers.host, kept: headers['x-kept'] }),
      });
      response.end(`got ${await text(incoming)}`);
    };
    const { status, headers, body } = await send('http://web.fleet.internal:8080/v1/health?format=json');
    expect({ status, body }).toEqual({ status: 201, body: 'got hello' });
    expect(JSON.parse(String(headers['x-seen']))).toEqual({
      method: 'POST',
      url: target,
      host: 'web.fleet.internal:8080',
      kept: 'Yes',
    });
  });

  it('says that a request was not sent when the name leads nowhere', async () => {
    const { status, headers } = await send('http://other.fleet.internal/');
    expect({ status, why: headers['proxy-status'] }).toEqual({ status: 502, why: 'switchboard; error=dns_error' });
  });

  it('says that a request was not sent when nobody listens there', async () => {
    destination = { url: `http://127.0.0.1:${await freePort()}`, asProxy: false };
    const { status, headers } = await send('http://web.fleet.internal/');
    expect({ status, why: headers['proxy-status'] }).toEqual({
      status: 502,
      why: 'switchboard; error=connection_refused',
    });
  });

  it('breaks off when the other side does, before its answer or in it', async () => {
    answer = (incoming) => incoming.socket.destroy();
    await expect(send('http://web.fleet.internal/')).rejects.toMatchObject({ code: 'ECONNRESET' });
    answer = (incoming, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => incoming.socket.destroy());
    };
    await expect(send('http://web.fleet.internal/')).rejects.toThrow('aborted');
  });

  it('refuses what is no request for a proxy', async () => {
    expect((await send('/v1/health')).status).toBe(400);
  });
});
