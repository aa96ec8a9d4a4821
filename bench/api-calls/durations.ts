import { percentile } from '../support/percentile.ts';
import type { Service } from './counter.ts';
import type { Invocation } from './gateway.ts';
import { MEGABYTES } from './prices.ts';

/*
 * How long an invocation takes on Lambda: CPU time that was measured here, on the share of a vCPU that the function's memory
 * gives, and after that everything it waits for, one after the other. An upper bound: lanes of a batch compute while others wait.
 */

/** Lambda gives one vCPU to this many megabytes, and shares of it to less. */
const MEGABYTES_PER_VCPU = 1_769;

/** Assumed, in ms: AWS says "single-digit milliseconds" of DynamoDB, and of SQS no more than that it takes some. */
export const LATENCY_MS: Readonly<Partial<Record<Service, number>>> = { DynamoDB: 5, SQS: 15 };

/** Assumed, in ms: what a function waits for besides AWS. */
export const ELSEWHERE_MS: Readonly<Record<string, number>> = { Deliver: 100, Notify: 50 };

export interface Duration {
  name: string;
  channel: string;
  batchSize: number;
  cpuMs: number;
  /** AWS calls waited for one after the other, as in `3 DynamoDB, 1 SQS`. */
  calls: string;
  waitMs: number;
}

/** @throws where nothing was measured for the function, channel and batch size */
export function durationOf(
  invocations: readonly Invocation[],
  { name, channel, batchSize }: Pick<Invocation, 'name' | 'channel' | 'batchSize'>,
): Duration {
  const own = invocations.filter((one) => one.name === name && one.channel === channel);
  const samples = own.filter((one) => one.batchSize === batchSize).map(({ cpuMs }) => cpuMs);
  if (samples.length === 0) throw new Error(`No invocation of ${name} with batches of ${batchSize} was measured.`);
  // Lanes of a batch wait at the same time, each as one message alone does.
  const alone = own.filter((one) => one.batchSize === 1).map(({ sequential }) => sequential);
  const usual = alone.toSorted((left, right) => left.length - right.length)[Math.floor(alone.length / 2)] ?? [];
  const counts = Object.entries(Object.groupBy(usual, (service) => service)).map(
    ([service, calls]) => [service as Service, calls.length] as const,
  );
  const onAws = counts.reduce((sum, [service, count]) => sum + count * (LATENCY_MS[service] ?? 0), 0);
  return {
    name,
    channel,
    batchSize,
    cpuMs: percentile(samples, 0.5),
    calls: counts.map(([service, count]) => `${count} ${service}`).join(', ') || 'none',
    waitMs: onAws + (ELSEWHERE_MS[name] ?? 0),
  };
}

/** Milliseconds of one invocation, in whole ones as Lambda bills them. */
export function billedMs({ name, cpuMs, waitMs }: Duration, megabytes = MEGABYTES[name] ?? 0): number {
  return Math.ceil((cpuMs * MEGABYTES_PER_VCPU) / Math.min(megabytes, MEGABYTES_PER_VCPU) + waitMs);
}
