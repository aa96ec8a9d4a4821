import type { Count } from './counter.ts';
import { billedMs, type Duration } from './durations.ts';
import { durationPrice, MEGABYTES, PRICES } from './prices.ts';

/** What was counted for so many messages. */
export interface Counted {
  messages: number;
  counts: readonly Count[];
  /** One for each function, at the batch size of these counts. */
  durations: readonly Duration[];
}

/** A line of the bill: what it is, its dollars per million messages, and what it would have to become to cost half. */
export interface Line {
  title: string;
  dollars(counted: Counted): number;
  half: string;
}

type Which = (count: Count) => boolean;

const isPoller: Which = ({ operation }) => operation.endsWith('(poller)');
const calls = ({ counts, messages }: Counted, which: Which) =>
  counts.filter(which).reduce((sum, count) => sum + count.calls, 0) / messages;
const units = ({ counts, messages }: Counted, which: Which, kind: 'writeUnits' | 'readUnits') =>
  counts.filter(which).reduce((sum, count) => sum + count[kind], 0) / messages;

const invocationsOf = (counted: Counted, name: string) =>
  calls(counted, ({ service, operation }) => service === 'Lambda' && operation === name);
const sent =
  (by: string[]): Which =>
  (count) =>
    count.service === 'SQS' && !isPoller(count) && by.includes(count.by);
const polled =
  (by: string): Which =>
  (count) =>
    count.service === 'SQS' && isPoller(count) && count.by === by;

function duration(name: string, half: string): Line {
  return {
    title: `Lambda, time of ${name}`,
    dollars(counted) {
      const one = counted.durations.find((each) => each.name === name);
      return one ? invocationsOf(counted, name) * durationPrice(MEGABYTES[name] ?? 0, billedMs(one)) : 0;
    },
    half,
  };
}

function writes(by: string, half: string): Line {
  return {
    title: `DynamoDB, writes of ${by}`,
    dollars: (counted) => units(counted, (count) => count.by === by, 'writeUnits') * PRICES.writeUnit,
    half,
  };
}

export const WEBHOOKS_BY_HTTP_API: Line = {
  title: 'HTTP API, webhooks',
  dollars: (counted) => invocationsOf(counted, 'Webhook') * PRICES.httpApiRequest,
  half: 'nothing at all: `webhooks: function-url`; or a provider that tells of several messages at once',
};

export const LINES: readonly Line[] = [
  {
    title: 'HTTP API, POST',
    dollars: (counted) => invocationsOf(counted, 'Api') * PRICES.httpApiRequest,
    half: "two messages in a request, which Twilio's API does not have",
  },
  WEBHOOKS_BY_HTTP_API,
  {
    title: 'Lambda, requests',
    dollars: (counted) => calls(counted, ({ service }) => service === 'Lambda') * PRICES.lambdaRequest,
    half: 'webhooks that tell of several messages at once; at batches of 1, larger ones',
  },
  duration('Api', 'half the CPU time, and half the waiting'),
  duration('Deliver', 'a provider that answers in 20 ms; at batches of 10, half the CPU time and half the waiting'),
  duration('Webhook', 'half the CPU time, and no queue to wait for'),
  duration('Notify', 'a customer that answers in 20 ms'),
  {
    title: 'SQS, outbound sent',
    dollars: (counted) => calls(counted, sent(['Api'])) * PRICES.sqsFifoRequest,
    half: 'two tasks in a call: two messages in a request',
  },
  {
    title: 'SQS, outbound received and deleted',
    dollars: (counted) => calls(counted, polled('Deliver')) * PRICES.sqsFifoRequest,
    half: 'batches twice as large',
  },
  {
    title: 'SQS, callbacks sent',
    dollars: (counted) => calls(counted, sent(['Deliver', 'Webhook'])) * PRICES.sqsFifoRequest,
    half: 'one callback a message',
  },
  {
    title: 'SQS, callbacks received and deleted',
    dollars: (counted) => calls(counted, polled('Notify')) * PRICES.sqsFifoRequest,
    half: 'batches twice as large, or one callback a message',
  },
  writes('Api', 'nothing: one item is one unit'),
  writes('Deliver', 'no claim before the send: a crash would then send twice'),
  writes('Webhook', 'one webhook a message'),
  writes('Notify', 'nothing to halve'),
  {
    title: 'DynamoDB, reads',
    dollars: (counted) => units(counted, () => true, 'readUnits') * PRICES.readUnit,
    half: 'eventual consistency, where order allows it',
  },
  {
    title: 'Secrets Manager',
    dollars: (counted) => calls(counted, ({ service }) => service === 'Secrets Manager') * PRICES.secretsManagerCall,
    half: 'nothing to halve',
  },
];
