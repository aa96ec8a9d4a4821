import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { ListQueuesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CREDENTIALS, REGION } from '../../../local/aws.ts';
import { CallbackReceiver } from '../../journeys/support/callbacks.ts';
import { type Account, checkAccount, tableOf } from '../account.ts';
import { FaultBench, isThorough } from './bench.ts';
import { Flow, type FlowOptions } from './flow.ts';
import { Chance } from './random.ts';
import { meanwhile } from './weather.ts';

/*
 * What goes wrong around the gateway while messages flow: the channel refuses, answers late or not at all, tells what happened twice or in
 * another order; a device dies; the customer's own server does not take its callbacks.
 */

const SEED = Number(process.env['SEED'] ?? 1);
const FLOW: FlowOptions = { senders: 2, contacts: 3, messages: isThorough ? 8 : 4, everyMs: 300 };
/** How long a provider is down, in ms. */
const OUTAGE_MS = isThorough ? 120_000 : 5_000;

const rows: [string, Account][] = [];
let bench: FaultBench;

beforeAll(async () => {
  bench = await FaultBench.start();
});
afterAll(async () => {
  await bench.stop();
  console.log(`seed ${SEED}\n${tableOf(rows)}`);
});

async function settled(name: string, flow: Flow): Promise<Account> {
  const account = await flow.settle();
  rows.push([name, account]);
  checkAccount(name, account);
  return account;
}

/** Rules for the devices of a flow. */
async function faults(flow: Flow, ...rules: { match?: object; [field: string]: unknown }[]): Promise<void> {
  for (const { number } of flow.senders) {
    for (const rule of rules) {
      await bench.control('POST', '/faults', { ...rule, match: { ...rule.match, device: number } });
    }
  }
}

const SENDS = { path: '/v1/messages', method: 'POST' };
const share = (of: number) => ({ share: of, seed: SEED });

describe('messages that flow while the channel is in trouble', () => {
  it.concurrent.each<[name: string, rules: { match?: object; [field: string]: unknown }[]]>([
    ['20 % errors', [{ match: SENDS, ...share(0.2), action: { httpStatus: 500, errorCode: 1014 } }]],
    ['20 % answers lost', [{ match: SENDS, ...share(0.2), action: 'dropAfterAccepting' }]],
    ['20 % connections broken', [{ match: SENDS, ...share(0.2), action: 'down' }]],
    ['a storm of 429', [{ match: SENDS, ...share(0.5), action: { httpStatus: 429, errorCode: 1015 } }]],
    ['slow answers', [{ match: SENDS, ...share(0.5), action: { delayMs: 2_000 } }]],
    ['webhooks before the answer', [{ match: SENDS, ...share(0.5), action: { answerDelayMs: 1_500 } }]],
    ['webhooks twice', [{ ...share(0.5), action: 'duplicateWebhooks' }]],
    ['webhooks in another order', [{ ...share(0.3), action: 'reorderWebhooks' }]],
    ['webhooks late', [{ ...share(0.3), action: { delayWebhooksMs: 2_500 } }]],
  ])('survive %s', async (name, rules) => {
    const flow = await Flow.prepare(bench, { ...FLOW, senders: 1 });
    await faults(flow, ...rules);
    await flow.send();
    const account = await settled(name, flow);
    expect(account.failed).toBe(0);
  });

  it.runIf(isThorough).concurrent('survive a timeout after the channel has taken them', async () => {
    const flow = await Flow.prepare(bench, { ...FLOW, senders: 1, messages: 2 });
    await faults(flow, { match: SENDS, count: 2, action: { answerDelayMs: 20_000 } });
    await flow.send();
    expect((await settled('answers too late', flow)).failed).toBe(0);
  });

  it.concurrent(`survive that a device is down for ${OUTAGE_MS / 1_000} s`, async () => {
    const flow = await Flow.prepare(bench, { ...FLOW, senders: 1 });
    await faults(flow, { action: 'down' });
    const sending = flow.send();
    await delay(OUTAGE_MS);
    for (const { number } of flow.senders) await bench.control('DELETE', `/faults?device=${number}`);
    await sending;
    expect((await settled('a device down', flow)).failed).toBe(0);
  });

  it.concurrent('survive that their device restarts again and again', async () => {
    const flow = await Flow.prepare(bench, { ...FLOW, senders: 1 });
    const [sender] = flow.senders;
    await meanwhile(new Chance(SEED), { fromMs: 800, toMs: 2_000 }, flow.send(), () =>
      bench.control('POST', `/devices/${sender?.number}/restart`),
    );
    expect((await settled('a device restarted', flow)).failed).toBe(0);
  });
});

describe('callbacks to a customer whose server is in trouble', () => {
  it.concurrent.each<[name: string, answer: (count: number) => { status?: number; body?: string; delayMs?: number }]>([
    ['which is down at first', (count) => ({ status: count < 20 ? 503 : 204 })],
    ['which is slow', (count) => ({ status: 204, delayMs: count % 3 === 0 ? 1_000 : 0 })],
    ['which answers nonsense', (count) => ({ status: count % 2 === 0 ? 200 : 502, body: '<<<not xml' })],
  ])('arrive in order: %s', async (name, answer) => {
    const server = await CallbackReceiver.start();
    const arrived: typeof server.received = [];
    let count = 0;
    server.answerWith(async (callback) => {
      const { delayMs = 0, ...rest } = answer(count++);
      await delay(delayMs);
      // What was not taken has not arrived.
      if ((rest.status ?? 200) < 400) arrived.push(callback);
      return rest;
    });
    try {
      const flow = await Flow.prepare(bench, {
        ...FLOW,
        senders: 1,
        messages: 3,
        statusCallback: server.url('/status'),
        received: () => arrived,
      });
      await flow.send();
      await settled(`a customer ${name}`, flow);
    } finally {
      await server.stop();
    }
  });
});

describe('a queue that shows a task again while it is being handled', () => {
  it('sends it once', async () => {
    const client = new SQSClient({ endpoint: bench.stack.endpoints.sqs, region: REGION, credentials: CREDENTIALS });
    const flow = await Flow.prepare(bench, { ...FLOW, senders: 1 });
    const { QueueUrls = [] } = await client.send(new ListQueuesCommand({}));
    const outbound = QueueUrls.filter((url) => /Outbound/.test(url) && !/DeadLetters/.test(url));
    expect(outbound).toHaveLength(1);
    const set = (seconds: number) => {
      const Attributes = { VisibilityTimeout: String(seconds) };
      return client.send(new SetQueueAttributesCommand({ QueueUrl: outbound[0], Attributes }));
    };
    await set(1);
    await faults(flow, { match: SENDS, ...share(0.5), action: { delayMs: 2_500 } });
    await flow.send();
    await settled('visibility that ends too early', flow);
    await set(180);
    client.destroy();
  });
});
