import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { close, listen } from '../../local/listen.ts';
import { type FaultProxy, startFaultProxy } from './stack/proxy.ts';

describe('a proxy in front of a service', () => {
  const seen: string[] = [];
  const service = createServer(async (request, response) => {
    seen.push(`${request.method} ${request.url} ${await text(request)}`);
    response.writeHead(201, { 'x-service': 'yes' }).end('done');
  });
  let proxy: FaultProxy;

  beforeAll(async () => {
    proxy = await startFaultProxy(`http://127.0.0.1:${await listen(service, 0)}`);
  });
  beforeEach(() => {
    seen.length = 0;
    proxy.heal();
  });
  afterAll(async () => {
    await proxy.stop();
    await close(service);
  });

  const ask = () =>
    fetch(`${proxy.url}/queue?x=1`, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: 'hello',
    });

  it('passes requests and answers on as they are', async () => {
    const answer = await ask();
    expect([answer.status, answer.headers.get('x-service'), await answer.text()]).toEqual([201, 'yes', 'done']);
    expect(seen).toEqual(['POST /queue?x=1 hello']);
    expect(proxy.hits()).toBe(0);
  });

  it('refuses what it is told to, with an error as AWS would send it, and passes nothing on', async () => {
    const asked: string[] = [];
    proxy.judge((action, body) => {
      asked.push(`${action} ${body}`);
      return { status: 400, type: 'ThrottlingException' };
    });
    const answer = await ask();
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ __type: 'ThrottlingException' });
    expect(asked).toEqual(['SendMessage hello']);
    expect(seen).toEqual([]);
    expect(proxy.hits()).toBe(1);
  });

  it('loses the answer to what was done', async () => {
    proxy.judge(() => 'drop-answer');
    await expect(ask()).rejects.toThrow('fetch failed');
    expect(seen).toHaveLength(1);
  });
});
