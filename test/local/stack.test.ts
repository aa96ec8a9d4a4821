import { createServer, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { close, listen, StartError } from '../../local/listen.ts';
import { type LocalStack, startLocalStack } from '../../local/stack.ts';

const JSON_BODY = { 'content-type': 'application/json' };
const assembly = fileURLToPath(new URL('./fixtures/assembly', import.meta.url));

describe('The local stack', () => {
  let stack: LocalStack;

  const states: string[] = [];

  beforeAll(async () => {
    stack = await startLocalStack({
      assembly,
      waitScale: 0.0001,
      onState: (machine, _execution, { event, state }) => states.push(`${machine} ${event} ${state}`),
    });
  });

  afterAll(async () => {
    await stack.stop();
  });

  const call = async (path: string, init?: RequestInit) => await fetch(stack.url + path, init);
  const environmentOf = async (name: string) => {
    return (await stack.functions.invoke(name, { action: 'environment' })) as Record<string, string>;
  };

  it("hands out the outputs, and the auth token that the stacks' own command prints", () => {
    expect(stack.accountSid).toBe('AC0123456789abcdef0123456789abcdef');
    expect(stack.authToken).toMatch(/^[0-9a-f]{32}$/);
    expect(stack.outputs['GatewayUrl']).toBe(stack.url);
  });

  it('gives each function the environment that the template says, and nothing of the machine', async () => {
    const environment = await environmentOf('Web');
    expect(environment).toMatchObject({
      KIND: 'web',
      TABLE_NAME: 'Table1',
      WORK_QUEUE_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/000000000000\/Work1\.fifo$/),
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_LAMBDA_FUNCTION_NAME: 'Stateless-Web1',
      PROVIDER_PROXY_URL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      PROVIDER_PROXY_HOSTS: expect.stringContaining('graph.facebook.com'),
    });
    expect(Object.keys(environment)).not.toContain('PATH');
    expect(await environmentOf('Worker')).toMatchObject({ KIND: 'worker' });
  });

  it('changes variables that a function has, and gives it no others', async () => {
    const other = await startLocalStack({ assembly, environment: { KIND: 'changed', LEASE_SECONDS: '1' } });
    const environment = await other.functions.invoke('Web', { action: 'environment' });
    await other.stop();
    expect(environment).toMatchObject({ KIND: 'changed', TABLE_NAME: 'Table1' });
    expect(environment).not.toHaveProperty('LEASE_SECONDS');
  });

  it('routes requests to functions', async () => {
    const response = await call('/things/event?a=1', { method: 'POST', body: new URLSearchParams({ b: '2' }) });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      routeKey: 'ANY /things/{proxy+}',
      pathParameters: { proxy: 'event' },
      isBase64Encoded: true,
      body: Buffer.from('b=2').toString('base64'),
      requestContext: { domainName: new URL(stack.url).host },
    });
  });

  it('calls a function by its own URL, which takes no path apart', async () => {
    const url = `${stack.outputs['FunctionUrl']}things/event?a=1`;
    const event = await (await fetch(url, { method: 'POST', body: '{}', headers: JSON_BODY })).json();
    expect(event).toMatchObject({ rawPath: '/things/event', queryStringParameters: { a: '1' }, body: '{}' });
    expect(event).not.toHaveProperty('pathParameters');
  });

  it("sends a function's status, headers, cookies and decoded body", async () => {
    const response = await call('/things/cookies');
    expect(response.status).toBe(201);
    expect(response.headers.get('x-made')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('hi');
  });

  it.each([
    ['a path without route', '/nothing', {}, 404, 'Not Found'],
    ['a function that throws', '/things/throw', {}, 500, 'Internal Server Error'],
    ['a malformed answer', '/things/malformed', {}, 500, 'Internal Server Error'],
    [
      'a body over 10 MB',
      '/things/event',
      { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024 + 1) },
      413,
      'Request Entity Too Large',
    ],
  ])('answers for %s as an HTTP API does', async (_name, path, init, status, message) => {
    const response = await call(path, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ message });
  });

  it('polls queues for their functions, and shows what is in them', async () => {
    const { WORK_QUEUE_URL: QueueUrl = '' } = await environmentOf('Web');
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const sqs = new SQSClient({ endpoint: new URL(QueueUrl).origin, region: 'us-east-1', credentials });
    await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: 'good', MessageGroupId: 'g1', MessageDeduplicationId: 'd1' }),
    );
    await sqs.send(
      new SendMessageCommand({ QueueUrl, MessageBody: 'fail', MessageGroupId: 'g2', MessageDeduplicationId: 'd2' }),
    );
    sqs.destroy();

    const log = () => stack.logs.filter(({ source }) => source === 'Product/Worker').map(({ line }) => line);
    await expect.poll(() => log().join('\n'), { interval: 10 }).toMatch(/good[\s\S]*fail/);
    await expect
      .poll(() => stack.queues.depths(), { interval: 10 })
      .toEqual({
        'Product/Work': { visible: 0, inFlight: 1, delayed: 0 },
        'Product/DeadLetters': { visible: 0, inFlight: 0, delayed: 0 },
      });
  });

  it('runs the task of an ECS service, with its secrets', async () => {
    const environment = (await (await fetch(stack.simulatorUrl)).json()) as Record<string, string>;
    expect(stack.sandbox.numbers).toEqual(['15550001111', '15550002222']);
    expect(stack.sandbox.adminPassword).toHaveLength(24);
    expect(environment['SANDBOX_ADMIN_PASSWORD']).toBe(stack.sandbox.adminPassword);
  });

  it('makes what numbers on containers need', () => {
    expect(stack.outputs['Fleet']).toMatch(
      /^fs-\w+ database1\.cluster\.local arn:aws:secretsmanager:\S+ arn:aws:ecs:us-east-1:000000000000:cluster\/Cluster1$/,
    );
    expect(stack.fleet.resources()).toMatchObject({
      services: ['Service1'],
      names: ['sandbox.fleet.internal'],
      databases: expect.arrayContaining(['mysql']),
      secrets: ['MasterKey1', 'Password1', 'rds!cluster-database1'],
    });
    expect(stack.fleet.tasks()).toMatchObject([{ service: 'Service1', isHealthy: true, url: stack.simulatorUrl }]);
  });

  /** Sends a request as functions do: to the proxy, with the whole URL for its target. */
  async function viaProxy(method: string, path: string, headers = {}): Promise<Record<string, unknown>> {
    const { PROVIDER_PROXY_URL = '', PROVIDER_PROXY_HOSTS } = await environmentOf('Web');
    expect(PROVIDER_PROXY_HOSTS?.split(' ')).toEqual(
      expect.arrayContaining(['*.fleet.internal:*', 'graph.facebook.com']),
    );
    const { hostname, port } = new URL(PROVIDER_PROXY_URL);
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    request({ hostname, port, path, method, headers }, (response) => text(response).then(resolve, reject))
      .on('error', reject)
      .end();
    return JSON.parse(await promise) as Record<string, unknown>;
  }

  it('leads the names of containers to them', async () => {
    const answer = await viaProxy('GET', 'http://sandbox.fleet.internal:8080/');
    expect(answer).toMatchObject({ PORT: new URL(stack.simulatorUrl).port });
  });

  it('leads the management of numbers at Meta to the Graph simulator, and sending to the providers', async () => {
    const graph = 'https://graph.facebook.com/v25.0';
    const headers = { authorization: 'Bearer sandbox-access-token' };
    expect(await viaProxy('GET', `${graph}/1000000001/phone_numbers`, headers)).toEqual({ data: [] });

    await viaProxy('POST', `${graph}/1000000009/messages`, headers);
    const seen = (await (await fetch(`${stack.providersUrl}/control/requests`)).json()) as { requests: object[] };
    expect(seen.requests).toContainEqual(expect.objectContaining({ path: '/v25.0/1000000009/messages' }));
  });

  it('runs executions of a state machine with its functions, and tells of each state', async () => {
    const { AWS_ENDPOINT_URL_SFN: endpoint = '' } = await environmentOf('Web');
    expect(stack.endpoints.stepFunctions).toBe(endpoint);
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const stepFunctions = new SFNClient({ endpoint, region: 'us-east-1', credentials });
    const input = JSON.stringify({ said: 'hello' });
    await stepFunctions.send(new StartExecutionCommand({ stateMachineArn: stack.outputs['MachineArn'], input }));
    stepFunctions.destroy();
    const [execution] = stack.executions();
    await execution?.over;

    expect(execution).toMatchObject({ status: 'SUCCEEDED', states: ['Pause', 'Echo'], transitions: 2 });
    expect(JSON.parse(execution?.output ?? '')).toEqual({ action: 'event', said: 'hello' });
    expect(states).toContain('Product/Machine entered Echo');
    expect(stack.awsCalls()['Step Functions StartExecution']).toBe(1);
  });

  it('ticks a schedule when told', async () => {
    expect(stack.schedules.names).toEqual(['Product/Tick']);
    expect(await stack.schedules.tick('Tick')).toEqual({ action: 'event', tick: true });
  });

  it('starts a container again that is killed, with other variables if a test wants them', async () => {
    const [before] = stack.fleet.tasks();
    stack.fleet.environment['COLOUR'] = 'green';
    stack.fleet.kill(before?.arn ?? '');
    await expect
      .poll(() => stack.fleet.tasks().filter(({ isHealthy, pid }) => isHealthy && pid !== before?.pid).length, {
        interval: 10,
        timeout: 10_000,
      })
      .toBe(1);
    expect(await (await fetch(stack.simulatorUrl)).json()).toMatchObject({ COLOUR: 'green' });
    expect(stack.sandbox.pid).not.toBe(before?.pid);
    expect(() => stack.fleet.kill(before?.arn ?? '')).toThrow('No task');
  });

  it('fails a request whose function is killed, and serves the next', async () => {
    const hanging = call('/things/hang');
    await expect.poll(() => stack.logs.map(({ line }) => line), { interval: 10 }).toContain('hanging');
    stack.functions.kill('Web');
    expect((await hanging).status).toBe(500);
    expect((await call('/things/event')).status).toBe(200);
  });

  it('knows its functions by construct id only', async () => {
    expect(() => stack.functions.kill('Wep')).toThrow('Wep is not one of the functions Product/Web, Product/Worker');
  });
});

describe('Starting and stopping the local stack', () => {
  it('says in a sentence that the port is taken', async () => {
    const other = createServer();
    const port = await listen(other, 0);
    try {
      const start = startLocalStack({ assembly, port });
      await expect(start).rejects.toThrow(StartError);
      await expect(start).rejects.toThrow(`Port ${port} is taken`);
    } finally {
      await close(other);
    }
  });

  it('leaves nothing that answers behind', async () => {
    const stack = await startLocalStack({ assembly });
    await stack.stop();
    await stack.stop();
    await expect(fetch(stack.url)).rejects.toThrow('fetch failed');
    await expect(fetch(stack.simulatorUrl)).rejects.toThrow('fetch failed');
  });

  it('can be told to stop while it starts', async () => {
    const stopping = new AbortController();
    const start = startLocalStack({
      assembly,
      signal: stopping.signal,
      onStep: (step) => {
        if (step.startsWith('Making')) stopping.abort();
      },
    });
    await expect(start).rejects.toMatchObject({ name: 'AbortError' });
  });
});
