import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SQSRecord } from 'aws-lambda';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { NotifyDependencies } from '../../lambdas/callbacks/notify.ts';
import type { CallbackTask } from '../../lambdas/domain/tasks.ts';
import { startAws } from '../support/aws.ts';
import { startProvider } from '../support/provider.ts';

const aws = await startAws();
const { CustomerHosts } = await import('../../lambdas/callbacks/customer-hosts.ts');
const { notify } = await import('../../lambdas/callbacks/notify.ts');
const { Circuits } = await import('../../lambdas/platform/circuits.ts');
const { releasingEarly } = await import('../../lambdas/platform/early-release.ts');
const { runLanes } = await import('../../lambdas/platform/fifo-batch.ts');
const { send } = await import('../../lambdas/platform/http.ts');
const { CircuitStore } = await import('../../lambdas/platform/stores/circuits.ts');
const { PacingStore } = await import('../../lambdas/platform/stores/pacing.ts');
const [broken, well] = await Promise.all([startProvider(), startProvider()]);
afterAll(() => Promise.all([aws.stop(), broken.stop(), well.stop()]));

const table = process.env['TABLE_NAME'] ?? '';
let now = 1_700_000_000_000;
let messages = 0;
/** Accounts of their own for each test: circuits are per account and host. */
let tests = 0;
const account = (name: string) => `AC-${name}-${tests}`;

beforeEach(() => {
  tests += 1;
  for (const customer of [broken, well]) {
    customer.requests.length = 0;
    customer.script({ status: 204, body: '' });
  }
});

/** A function environment of its own: nothing is shared with the others but the table. */
function startFunction(elapsed: () => number = () => performance.now()) {
  const hosts = new CustomerHosts(new Circuits(new CircuitStore(table), () => now), new PacingStore(table), () => now);
  const dependencies: NotifyDependencies = {
    authToken: async () => 'f'.repeat(32),
    heldBy: (host) => hosts.heldBy(host),
    report: (host, outcome, tookMs) => hosts.report(host, outcome, tookMs),
    send: (request, timeouts) => send(request, { addresses: { allowLoopback: true }, ...timeouts }),
    reply: async () => undefined,
    bury: async () => undefined,
    now: () => now,
    elapsed,
  };
  return {
    hosts,
    /**
     * Runs a batch as the Notify function does.
     * @param removed is called with what is removed before the batch has ended
     * @returns what goes back to the queue
     */
    async run(tasks: CallbackTask[], removed: (messageId: string) => void = () => {}) {
      const run = (finished: (record: SQSRecord) => void) =>
        runLanes(tasks.map(recordOf), {
          async handle(record) {
            const handled = await notify(record, dependencies);
            if (handled.done) finished(record);
            return handled;
          },
          remainingMs: () => 60_000,
          leastMs: 32_000,
        });
      const remove = async (records: SQSRecord[]) => {
        for (const { messageId } of records) removed(messageId);
      };
      const returned = await releasingEarly(run, remove, 10);
      return returned.map(({ record }) => record.messageId);
    },
  };
}

/** A callback of a new message, unless it is said which. */
function callback(
  customer: { url: string },
  of: string,
  messageSid = `SM${messages++}`,
  status = 'sent',
): CallbackTask {
  return {
    kind: 'status',
    accountSid: account(of),
    messageSid,
    url: `${customer.url}/status`,
    method: 'POST',
    params: { MessageSid: messageSid, MessageStatus: status },
    idempotencyToken: `${messageSid}/${status}`,
  };
}

/** A customer who takes requests and answers none, until it is told to give up on as many. */
async function startSilent() {
  const waiting: ServerResponse[] = [];
  let heard = () => {};
  const server = createServer((_, response) => {
    waiting.push(response);
    heard();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async giveUp(count: number) {
      while (waiting.length < count) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
      for (const response of waiting) response.destroy();
      server.close();
    },
  };
}

const recordOf = (task: CallbackTask): SQSRecord =>
  ({
    messageId: task.idempotencyToken,
    body: JSON.stringify(task),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(now),
      MessageGroupId: task.messageSid,
    },
  }) as SQSRecord;

const statuses = (customer: { requests: { body: string }[] }) =>
  customer.requests.map(({ body }) => new URLSearchParams(body).get('MessageStatus'));

describe('two customers, one of whom does not answer in time', () => {
  it('the callbacks of the other one in the same batch do not wait for it', async () => {
    const silent = await startSilent();
    const unanswered = Array.from({ length: 5 }, () => callback(silent, 'slow'));
    const quick = Array.from({ length: 5 }, () => callback(well, 'quick'));
    const removed: string[] = [];
    const { promise: allRemoved, resolve } = Promise.withResolvers<void>();
    const batch = startFunction().run([...unanswered, ...quick], (messageId) => {
      if (removed.push(messageId) === quick.length) resolve();
    });

    await allRemoved;
    expect(removed.toSorted()).toEqual(quick.map(({ idempotencyToken }) => idempotencyToken).toSorted());
    expect(well.requests).toHaveLength(quick.length);
    await silent.giveUp(unanswered.length);
    expect(await batch).toEqual(unanswered.map(({ idempotencyToken }) => idempotencyToken));
    expect(removed).toHaveLength(quick.length);
  });

  it('and the first one is left alone by all functions, until it is back', async () => {
    broken.script('hang up');
    const first = startFunction();
    const others = Array.from({ length: 8 }, () => startFunction());
    for (const { run } of [first, first, ...others]) {
      await run([1, 2, 3, 4, 5].flatMap(() => [callback(broken, 'slow'), callback(well, 'quick')]));
    }
    expect(well.requests).toHaveLength(50);
    expect(broken.requests).toHaveLength(10);

    broken.script({ status: 204 });
    broken.requests.length = 0;
    now += 5_000;
    await startFunction().run(Array.from({ length: 5 }, () => callback(broken, 'slow')));
    expect(broken.requests).toHaveLength(1);
    await startFunction().run(Array.from({ length: 5 }, () => callback(broken, 'slow')));
    expect(broken.requests).toHaveLength(6);
  });

  it('shared hosts are no reason to hold one customer responsible for another', async () => {
    broken.script({ status: 500 });
    const worker = startFunction();
    await worker.run(Array.from({ length: 10 }, () => callback(broken, 'slow')));
    await worker.run([callback(broken, 'slow'), callback(broken, 'neighbour')]);
    expect(broken.requests).toHaveLength(11);
  });
});

it('the callbacks of one message go out in order, although one of them has to wait', async () => {
  broken.script({ status: 500 });
  const worker = startFunction();
  await worker.run(Array.from({ length: 10 }, () => callback(broken, 'slow')));
  broken.requests.length = 0;
  broken.script({ status: 204 });
  const three = ['sent', 'delivered', 'read'].map((status) => callback(broken, 'slow', 'SM-ordered', status));

  expect(await worker.run(three)).toEqual(three.map(({ idempotencyToken }) => idempotencyToken));
  expect(broken.requests).toEqual([]);
  now += 5_000;
  expect(await worker.run(three)).toEqual([]);
  expect(statuses(broken)).toEqual(['sent', 'delivered', 'read']);
});

describe('a customer who answers, but slowly', () => {
  it('is asked by all functions together for a few callbacks at once; a quick one for all', async () => {
    let elapsed = 0;
    // A clock that is a second later whenever somebody looks: so every exchange takes some seconds.
    const functions = Array.from({ length: 3 }, () => startFunction(() => (elapsed += 1_000)));
    for (let index = 0; index < 5; index += 1) await functions[0]?.run([callback(broken, 'slow')]);
    broken.requests.length = 0;
    for (const { run } of functions) await run(Array.from({ length: 10 }, () => callback(broken, 'slow')));
    expect(broken.requests.length).toBeGreaterThanOrEqual(1);
    expect(broken.requests.length).toBeLessThanOrEqual(5);

    const quick = startFunction();
    await quick.run(Array.from({ length: 10 }, () => callback(well, 'quick')));
    expect(well.requests).toHaveLength(10);
  });

  it('never has many more than twenty under way, and nearly as many while more are waiting', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1_500, max: 12_000 }),
        fc.integer({ min: 1, max: 3 }),
        async (tookMs, count) => {
          tests += 1;
          const host = { accountSid: account('slow'), url: broken.url };
          const functions = Array.from({ length: count }, () => startFunction().hosts);
          for (let index = 0; index < 8; index += 1) await functions[0]?.report(host, 'reached', tookMs);
          const ends: number[] = [];
          const underWay: number[] = [];
          const until = now + 2 * tookMs;
          while (now < until) {
            const held = await functions[underWay.length % count]?.heldBy(host);
            if (!held) ends.push(now + tookMs);
            underWay.push(ends.filter((end) => end > now).length);
            now += Math.round(tookMs / 30);
          }
          expect(Math.max(...underWay)).toBeLessThanOrEqual(25);
          expect(underWay.at(-1)).toBeGreaterThanOrEqual(15);
        },
      ),
      { numRuns: 3 },
    );
  });
});
