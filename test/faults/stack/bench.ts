import { join } from 'node:path';
import process from 'node:process';
import { type LocalStack, startLocalStack } from '../../../local/stack.ts';
import { ROOT } from '../../../local/synthesize.ts';
import { CallbackReceiver } from '../../journeys/support/callbacks.ts';
import { fetchAgain } from '../again.ts';
import type { BenchSender, FlowBench } from './flow.ts';
import { type FaultProxy, startFaultProxy } from './proxy.ts';

/** How long an attempt to deliver may take, so that nobody waits half a minute for one that was killed. */
const LEASE_SECONDS = 3;
const DEVICE_PASSWORD = 'Faulty-1-device!';

/** `npm test` takes seconds where `npm run test:faults` takes what the world takes. */
export const isThorough = process.env['EVERY_FAULT'] === 'true';

/** A local stack with a proxy in front of each AWS service that a message needs, and a customer's server. */
export class FaultBench implements FlowBench {
  readonly stack: LocalStack;
  readonly customer: CallbackReceiver;
  readonly dynamodb: FaultProxy;
  readonly secrets: FaultProxy;
  readonly sqs: FaultProxy;
  #numbers = 0;

  private constructor(
    stack: LocalStack,
    customer: CallbackReceiver,
    proxies: { dynamodb: FaultProxy; secrets: FaultProxy; sqs: FaultProxy },
  ) {
    this.stack = stack;
    this.customer = customer;
    this.dynamodb = proxies.dynamodb;
    this.secrets = proxies.secrets;
    this.sqs = proxies.sqs;
  }

  static async start(): Promise<FaultBench> {
    const proxies: { dynamodb?: FaultProxy; secrets?: FaultProxy; sqs?: FaultProxy } = {};
    const stack = await startLocalStack({
      environment: { LEASE_SECONDS: String(LEASE_SECONDS) },
      devices: false,
      containerEnvironment: { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/node-compile') },
      async inFront(endpoints) {
        const [dynamodb, secrets, sqs] = await Promise.all(
          [endpoints.dynamodb, endpoints.secretsManager, endpoints.sqs].map(startFaultProxy),
        );
        Object.assign(proxies, { dynamodb, secrets, sqs });
        return {
          ...endpoints,
          dynamodb: dynamodb?.url ?? '',
          secretsManager: secrets?.url ?? '',
          sqs: sqs?.url ?? '',
        };
      },
    });
    const { dynamodb, secrets, sqs } = proxies;
    if (!dynamodb || !secrets || !sqs) throw new Error('The stack asked for no endpoints.');
    return new FaultBench(stack, await CallbackReceiver.start(), { dynamodb, secrets, sqs });
  }

  async stop(): Promise<void> {
    await this.stack.stop();
    await this.customer.stop();
    await Promise.all([this.dynamodb, this.secrets, this.sqs].map((proxy) => proxy.stop()));
  }

  /** Calls the devices' control API. @throws with its answer when that is no success */
  async control<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetchAgain(`${this.stack.simulatorUrl}/control${path}`, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} /control${path} was answered ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as Answer;
  }

  /** Calls the gateway with the root account's credentials; the body is a form or, as an object, JSON. */
  async call(
    method: string,
    path: string,
    body?: URLSearchParams | object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const { url, accountSid, authToken } = this.stack;
    const isForm = body instanceof URLSearchParams;
    const response = await fetchAgain(url + path, {
      method,
      headers: {
        ...headers,
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  }

  get account(): string {
    return `/2010-04-01/Accounts/${this.stack.accountSid}`;
  }

  /** A number that nobody else has. */
  newNumber(): string {
    this.#numbers += 1;
    return `1555${String(this.#numbers).padStart(7, '0')}`;
  }

  /** Makes a device and registers it through the public Senders API. */
  async createSender(): Promise<BenchSender> {
    const number = this.newNumber();
    await this.control('POST', '/devices', { number, password: DEVICE_PASSWORD });
    const { status, body } = await this.call('POST', '/v2/Channels/Senders', {
      sender_id: `whatsapp:+${number}`,
      configuration: {
        url: `${this.stack.simulatorUrl}/devices/${number}`,
        username: 'admin',
        password: DEVICE_PASSWORD,
      },
      profile: { name: `Device ${number}` },
    });
    if (status !== 202) throw new Error(`The Senders API answered ${status}: ${JSON.stringify(body)}`);
    return { sid: String(body['sid']), number };
  }

  redeliver(): Promise<void> {
    return this.stack.queues.redeliver();
  }

  sweep(): Promise<unknown> {
    return this.stack.schedules.tick('SweepSchedule');
  }
}
