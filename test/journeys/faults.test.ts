import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAccount, tableOf } from '../faults/account.ts';
import { Flow, type FlowBench } from '../faults/stack/flow.ts';
import { Chance } from '../faults/stack/random.ts';
import { meanwhile } from '../faults/stack/weather.ts';
import { CallbackReceiver } from './support/callbacks.ts';
import { gateway } from './support/gateway.ts';
import { isLocal, local } from './support/local.ts';
import { createSender } from './support/senders.ts';
import { control, newNumber } from './support/simulator.ts';

const FUNCTIONS = ['Deliver', 'Apply', 'Notify', 'Api', 'Webhook'];
const SEED = 1;

/** The shortest of the fault runs; `npm run test:faults` has the others. */
describe.runIf(isLocal)('Messages that flow while functions die and the device fails', () => {
  let customer: CallbackReceiver;

  beforeAll(async () => {
    customer = await CallbackReceiver.start();
  });
  afterAll(() => customer.stop());

  it('all arrive, once and in order, and their customer is told', async () => {
    const chance = new Chance(SEED);
    const bench: FlowBench = {
      customer,
      account: `/2010-04-01/Accounts/${gateway.accountSid}`,
      newNumber,
      createSender,
      control,
      call,
      redeliver: local.redeliver,
      sweep: () => local.tick('SweepSchedule'),
    };
    const flow = await Flow.prepare(bench, { senders: 2, contacts: 2, messages: 4, everyMs: 300 });
    for (const { number } of flow.senders) {
      const match = { device: number, path: '/v1/messages', method: 'POST' };
      await control('POST', '/faults', { match, share: 0.2, seed: SEED, action: { httpStatus: 500 } });
    }
    let before = -1;
    await meanwhile(chance, { fromMs: 200, toMs: 700 }, flow.send(), async () => {
      // One that still loads its code would never come to work.
      const progress = flow.accepted.length + customer.received.length;
      if (progress === before) return;
      before = progress;
      await local.kill(chance.pick(FUNCTIONS));
      await local.redeliver();
    });
    for (const { number } of flow.senders) await control('DELETE', `/faults?device=${number}`);
    const account = await flow.settle();
    console.log(tableOf([['functions killed, 20 % errors', account]]));
    checkAccount('functions killed, 20 % errors', account);
    expect(account).toMatchObject({ accepted: 16, failed: 0 });
  }, 120_000);
});

async function call(method: string, path: string, body?: URLSearchParams, headers: Record<string, string> = {}) {
  const credentials = Buffer.from(`${gateway.accountSid}:${gateway.authToken}`).toString('base64');
  const response = await fetch(gateway.url + path, {
    method,
    headers: { ...headers, authorization: `Basic ${credentials}` },
    ...(body && { body }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}
