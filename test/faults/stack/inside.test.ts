import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, checkAccount, tableOf } from '../account.ts';
import { FaultBench, isThorough } from './bench.ts';
import { Flow, type FlowOptions } from './flow.ts';
import { Chance } from './random.ts';
import { meanwhile } from './weather.ts';

/*
 * What goes wrong inside the gateway while messages flow: functions die, queues deliver twice and late, the table and the secrets
 * fail. Choices are random and repeatable: SEED says which.
 */

const SEED = Number(process.env['SEED'] ?? 1);
/** Of functions a message passes. */
const FUNCTIONS = ['Deliver', 'Apply', 'Notify', 'Api', 'Webhook'];
const FLOW: FlowOptions = { senders: 2, contacts: 4, messages: isThorough ? 8 : 4, everyMs: 300 };

const rows: [string, Account][] = [];
let bench: FaultBench;

beforeAll(async () => {
  bench = await FaultBench.start();
});
afterAll(async () => {
  await bench.stop();
  console.log(`seed ${SEED}\n${tableOf(rows)}`);
});

/** Runs a flow through trouble, and checks its account. */
async function through(name: string, flow: Flow, trouble: () => Promise<unknown>): Promise<void> {
  await trouble();
  const account = await flow.settle();
  rows.push([name, account]);
  checkAccount(name, account);
  expect(account.accepted).toBe(flow.accepted.length);
}

/** Kills a function, if anything has happened since the last time: on a slow machine one that loads its code would never come to work. */
function killer(flow: Flow, pick: () => string): () => Promise<void> {
  let before = -1;
  return async () => {
    const progress = flow.accepted.length + bench.customer.received.length;
    if (progress === before) return;
    before = progress;
    bench.stack.functions.kill(pick());
    await bench.redeliver();
  };
}

describe('messages that flow while the gateway is in trouble', () => {
  it.each(FUNCTIONS)('survive that %s is killed again and again', async (name) => {
    const flow = await Flow.prepare(bench, FLOW);
    await through(`${name} killed`, flow, () =>
      meanwhile(
        new Chance(SEED),
        { fromMs: 300, toMs: 1_200 },
        flow.send(),
        killer(flow, () => name),
      ),
    );
  });

  it('survive that any function may be killed', async () => {
    const chance = new Chance(SEED);
    const flow = await Flow.prepare(bench, FLOW);
    await through('any function killed', flow, () =>
      meanwhile(
        chance,
        { fromMs: 200, toMs: 900 },
        flow.send(),
        killer(flow, () => chance.pick(FUNCTIONS)),
      ),
    );
  });

  it.each([
    ['5 % of the table’s answers are throttles and errors', 0.05, 0],
    [`the table answers nothing for ${isThorough ? 30 : 4} s`, 0, isThorough ? 30_000 : 4_000],
  ])('survive that %s', async (name, share, outageMs) => {
    const chance = new Chance(SEED);
    const flow = await Flow.prepare(bench, FLOW);
    await through(name, flow, async () => {
      const sending = flow.send();
      const startedAt = Date.now();
      bench.dynamodb.judge(() => {
        const isDown = Date.now() - startedAt < outageMs;
        if (!isDown && !chance.hits(share)) return 'pass';
        return chance.hits(0.5)
          ? { status: 400, type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException' }
          : { status: 500, type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' };
      });
      await Promise.all([sending, delay(outageMs)]);
      expect(bench.dynamodb.hits()).toBeGreaterThan(0);
    }).finally(() => bench.dynamodb.heal());
  });

  it('survive that the table writes and its answers are lost', async () => {
    const chance = new Chance(SEED);
    const flow = await Flow.prepare(bench, FLOW);
    await through('answers of the table lost', flow, async () => {
      bench.dynamodb.judge((action) => (action.endsWith('Item') && chance.hits(0.05) ? 'drop-answer' : 'pass'));
      await flow.send();
      expect(bench.dynamodb.hits()).toBeGreaterThan(0);
      bench.dynamodb.heal();
    }).finally(() => bench.dynamodb.heal());
  });

  it('survive that the queues refuse, or take messages without saying so', async () => {
    const chance = new Chance(SEED);
    const flow = await Flow.prepare(bench, FLOW);
    await through('queues in trouble', flow, async () => {
      bench.sqs.judge(() => {
        if (!chance.hits(0.1)) return 'pass';
        return chance.hits(0.5) ? 'drop-answer' : { status: 500, type: 'com.amazonaws.sqs#InternalFailure' };
      });
      await flow.send();
      expect(bench.sqs.hits()).toBeGreaterThan(0);
      bench.sqs.heal();
    }).finally(() => bench.sqs.heal());
  });

  it('survive that secrets cannot be read', async () => {
    const flow = await Flow.prepare(bench, FLOW);
    await through('no secrets', flow, async () => {
      const sending = flow.send();
      bench.secrets.judge(() => ({ status: 500, type: 'InternalServiceError' }));
      // Whoever has them in memory would not notice.
      for (const name of ['Deliver', 'Api', 'Webhook', 'Notify']) bench.stack.functions.kill(name);
      await expect.poll(() => bench.secrets.hits(), { timeout: 60_000 }).toBeGreaterThan(0);
      await delay(isThorough ? 8_000 : 3_000);
      bench.secrets.heal();
      await sending;
    }).finally(() => bench.secrets.heal());
  });

  it('are found by the sweep where the API died between its table and its queue', async () => {
    const flow = await Flow.prepare(bench, FLOW);
    let deaths = 0;
    await through('Api killed before it queued', flow, async () => {
      bench.sqs.judge((action, body) => {
        if (!action.startsWith('SendMessage') || !/Outbound/.test(body)) return 'pass';
        deaths += 1;
        bench.stack.functions.kill('Api');
        return { status: 500, type: 'com.amazonaws.sqs#InternalFailure' };
      });
      await flow.sendOnce();
      bench.sqs.heal();
      const stored = await flow.adopt();
      expect(deaths).toBeGreaterThan(0);
      expect(stored).toBeGreaterThan(0);
    }).finally(() => bench.sqs.heal());
  });

  it('are sent once though the queue delivers twice, at once and late', async () => {
    const flow = await Flow.prepare(bench, FLOW);
    await through('delivered twice by the queue', flow, () =>
      meanwhile(new Chance(SEED), { fromMs: 50, toMs: 200 }, flow.send(), async () => {
        // A queue keeps the order of what it delivers again: only what was delivered once may come twice.
        const delivered = flow.accepted.filter((message) => flow.told(message).includes('sent'));
        for (const { sid } of delivered.slice(-3)) await deliverAgain(flow, sid);
      }),
    );
  });

  async function deliverAgain(flow: Flow, messageSid: string): Promise<void> {
    const message = flow.accepted.find(({ sid }) => sid === messageSid);
    const conversation = flow.conversations.find(({ contact }) => contact === message?.contact);
    const task = { accountSid: bench.stack.accountSid, senderSid: conversation?.sender.sid, messageSid };
    await bench.stack.functions.invoke('Deliver', {
      Records: [
        {
          messageId: `again-${messageSid}`,
          receiptHandle: 'gone',
          body: JSON.stringify(task),
          attributes: { MessageGroupId: messageSid, SentTimestamp: String(Date.now()), ApproximateReceiveCount: '2' },
        },
      ],
    });
  }
});
