import type { Count, Service } from './counter.ts';

/** AWS list prices in us-east-1, September 2026, in dollars per million; no free tier. */
const PRICES = {
  httpApiRequest: 1,
  sqsFifoRequest: 0.5,
  writeUnit: 0.625,
  readUnit: 0.125,
  secretsManagerCall: 5,
  lambdaRequest: 0.2,
  /** On arm64. */
  lambdaGigabyteSecond: 13.3334,
};

/** As the template sets it. */
const LAMBDA_GIGABYTES = 0.5;

/**
 * How long an invocation takes on Lambda, in milliseconds. These are assumptions: what a call takes on this machine says
 * nothing about Lambda. Deliver waits for the channel's answer, to all contacts of its batch at once.
 */
const ASSUMED_MILLISECONDS: Readonly<Record<string, number>> = { Api: 20, Deliver: 120, Webhook: 20, Notify: 20 };

export const SERVICES: readonly Service[] = ['API Gateway', 'Lambda', 'SQS', 'DynamoDB', 'Secrets Manager'];

/** What the calls cost by service, in millionths of a dollar; divided by the messages: dollars per million messages. */
export function costOf(counts: readonly Count[]): Record<Service, number> {
  const cost: Record<Service, number> = { 'API Gateway': 0, Lambda: 0, SQS: 0, DynamoDB: 0, 'Secrets Manager': 0 };
  for (const count of counts) cost[count.service] += priceOf(count);
  return cost;
}

function priceOf({ service, operation, calls, writeUnits, readUnits }: Count): number {
  switch (service) {
    case 'API Gateway':
      return calls * PRICES.httpApiRequest;
    case 'Lambda':
      return calls * (PRICES.lambdaRequest + PRICES.lambdaGigabyteSecond * LAMBDA_GIGABYTES * secondsOf(operation));
    case 'SQS':
      return calls * PRICES.sqsFifoRequest;
    case 'DynamoDB':
      return writeUnits * PRICES.writeUnit + readUnits * PRICES.readUnit;
    case 'Secrets Manager':
      return calls * PRICES.secretsManagerCall;
  }
}

function secondsOf(name: string): number {
  const milliseconds = ASSUMED_MILLISECONDS[name];
  if (milliseconds === undefined) throw new Error(`No duration is assumed for the function ${name}.`);
  return milliseconds / 1_000;
}
