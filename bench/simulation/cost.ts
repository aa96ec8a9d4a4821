import { durationPrice, MEGABYTES, PRICES } from '../api-calls/prices.ts';
import { MEASURED } from './aws.ts';
import { callbackBatch } from './load.ts';
import type { Result } from './simulate.ts';
import { STATUSES } from './webhooks.ts';

/** Dollars per million messages, line by line, at AWS list prices. */
export function costOf(result: Result): { title: string; dollars: number }[] {
  const { meter, cloudShare } = result;
  const { calls } = meter;
  const sent = meter.sends.total;
  const perMessage = (count: number) => count / sent;
  const notifies = STATUSES / callbackBatch(result);
  const time = (name: string, ms: number) => durationPrice(MEGABYTES[name] ?? 0, ms);
  const posts = perMessage(meter.posts.total);
  const invocations = perMessage(calls.invocations);
  return [
    { title: 'HTTP API, POST', dollars: posts * PRICES.httpApiRequest },
    { title: 'HTTP API, webhooks', dollars: STATUSES * PRICES.httpApiRequest },
    {
      title: 'Lambda, requests',
      dollars: (posts + invocations + STATUSES + notifies) * PRICES.lambdaRequest,
    },
    { title: 'Lambda, time of Deliver', dollars: time('Deliver', perMessage(calls.deliverMs)) },
    {
      title: 'Lambda, time of Api, Webhook and Notify',
      dollars:
        time('Api', posts * MEASURED.api) +
        time('Webhook', STATUSES * MEASURED.webhook) +
        time('Notify', notifies * MEASURED.notify),
    },
    { title: 'SQS, outbound sent', dollars: perMessage(calls.sends) * PRICES.sqsFifoRequest },
    {
      title: 'SQS, outbound received, hidden, deleted',
      dollars: perMessage(calls.receives + calls.visibilityChanges + calls.deletes) * PRICES.sqsFifoRequest,
    },
    { title: 'SQS, polls of an empty queue', dollars: perMessage(calls.emptyReceives) * PRICES.sqsFifoRequest },
    { title: 'SQS, callbacks', dollars: (STATUSES + 2 * notifies) * PRICES.sqsFifoRequest },
    {
      title: 'DynamoDB, writes',
      dollars: (perMessage(meter.writes.total) + STATUSES) * PRICES.writeUnit,
    },
    {
      title: 'DynamoDB, reads',
      // Where a status does not bring our SID back, it is looked up.
      dollars: (perMessage(meter.reads.total) + STATUSES * (1 - cloudShare)) * PRICES.readUnit,
    },
    { title: 'Secrets Manager', dollars: perMessage(calls.secretReads) * PRICES.secretsManagerCall },
  ];
}

export const totalOf = (result: Result): number => costOf(result).reduce((sum, { dollars }) => sum + dollars, 0);
