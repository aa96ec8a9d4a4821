import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { acceptDependencies } from '../api/messages/dependencies.ts';
import { Circuits } from '../platform/circuits.ts';
import { systemClock } from '../platform/clock.ts';
import { releasingEarly, removeFrom } from '../platform/early-release.ts';
import { readEnvironment } from '../platform/environment.ts';
import { returnToQueue, runLanes } from '../platform/fifo-batch.ts';
import { send } from '../platform/http.ts';
import { MasterKey } from '../platform/master-key.ts';
import { hideFor } from '../platform/queues.ts';
import { AccountStore } from '../platform/stores/accounts.ts';
import { CircuitStore } from '../platform/stores/circuits.ts';
import { DeadLetterStore } from '../platform/stores/dead-letters.ts';
import { PacingStore } from '../platform/stores/pacing.ts';
import { CustomerHosts } from './customer-hosts.ts';
import { type NotifyDependencies, notify } from './notify.ts';
import { sendReplies } from './reply.ts';

const environment = readEnvironment(
  'TABLE_NAME',
  'CALLBACKS_QUEUE_URL',
  'OUTBOUND_QUEUE_URL',
  'MASTER_KEY_SECRET_ID',
  'ROOT_ACCOUNT_SID',
  'ALLOW_LOOPBACK_URLS',
);
const table = environment.TABLE_NAME;
const addresses = { allowLoopback: environment.ALLOW_LOOPBACK_URLS };
const accounts = new AccountStore(table, environment.ROOT_ACCOUNT_SID);
const masterKey = new MasterKey(environment.MASTER_KEY_SECRET_ID);
const accepting = acceptDependencies(environment);
const hosts = new CustomerHosts(
  new Circuits(new CircuitStore(table), systemClock),
  new PacingStore(table),
  systemClock,
);
const deadLetters = new DeadLetterStore(table, environment.ROOT_ACCOUNT_SID);
const dependencies: NotifyDependencies = {
  async authToken(accountSid) {
    const account = await accounts.get(accountSid);
    return account?.status === 'active' ? masterKey.authToken(account) : undefined;
  },
  heldBy: (host) => hosts.heldBy(host),
  report: (host, outcome, tookMs) => hosts.report(host, outcome, tookMs),
  send: (request, timeouts) => send(request, { addresses, ...timeouts }),
  reply: (task, answer) => sendReplies(task, answer, addresses, accepting),
  bury: (letter, key) => deadLetters.bury(letter, key),
  now: systemClock,
  elapsed: () => performance.now(),
};

const queueUrl = environment.CALLBACKS_QUEUE_URL;

/** 5 on a message's way: tells the customer. */
export const handler = middy(async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  const run = (finished: (record: SQSRecord) => void) =>
    runLanes(event.Records, {
      async handle(record) {
        const handled = await notify(record, dependencies);
        if (handled.done) finished(record);
        return handled;
      },
      remainingMs: () => context.getRemainingTimeInMillis(),
      // A callback and its fallback, each at its slowest.
      leastMs: 32_000,
    });
  const returned = await releasingEarly(run, (records) => removeFrom(queueUrl, records));
  const batchItemFailures = await returnToQueue(returned, (records) => hideFor(queueUrl, records));
  return { batchItemFailures };
});
