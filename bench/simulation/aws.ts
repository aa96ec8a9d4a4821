/*
 * What AWS does, as far as the simulation knows it. Limits and prices are those of us-east-1 in 2026, as AWS publishes them.
 * Latencies are log-normal; AWS publishes only orders of magnitude, so their medians and tails are assumptions inside these.
 */

export const SQS = {
  /** A FIFO queue looks only at so many of its first messages for groups that are free (SQS guide, "Avoid large message backlogs"). */
  looksAt: 120_000,
  /** A FIFO queue with so many messages received and not deleted hands out no more, without an error (SQS quotas). */
  inFlight: 120_000,
  /** ReceiveMessage and SendMessageBatch take ten at most (SQS quotas). */
  batch: 10,
  /** Visibility is in whole seconds (API reference of ChangeMessageVisibility). */
  visibilityStepMs: 1_000,
  /** How long a poll waits for a message (Lambda guide: long polling of 20 s). */
  longPollMs: 20_000,
  /** Calls a second and action, unbatched, in high-throughput mode in us-east-1 (SQS quotas). */
  callsPerSecond: 70_000,
} as const;

export const LAMBDA = {
  /** Pollers of an event source mapping at rest, and how many a minute come to them at most (Lambda guide, "scaling behavior for SQS"; it says so of standard queues, and names no figure for FIFO ones). */
  pollersAtRest: 5,
  pollersPerMinute: 300,
  /** An environment without work is kept for some minutes; AWS gives no figure. */
  keepsIdleMs: 7 * 60_000,
  /** Concurrent executions of an account and Region until it asks for more (Lambda quotas). */
  concurrency: 1_000,
  /** Requests a second for each unit of that quota (Lambda quotas). */
  requestsPerConcurrency: 10,
} as const;

export const DYNAMODB = {
  /** Write units a second of one partition key (DynamoDB guide). */
  partitionWrites: 1_000,
  /** Write units a second of an on-demand table until more is asked for (DynamoDB quotas). */
  tableWrites: 40_000,
  tableReads: 40_000,
  /** Write units a second that a new table takes at once (DynamoDB guide). */
  freshTableWrites: 4_000,
} as const;

export const SECRETS_MANAGER = {
  /** GetSecretValue and secrets of an account and Region (Secrets Manager quotas). */
  readsPerSecond: 10_000,
  secrets: 500_000,
} as const;

export const HTTP_API = {
  /** Requests a second of an account and Region until it asks for more (API Gateway quotas). */
  requestsPerSecond: 10_000,
} as const;

/** Milliseconds. */
export const LATENCY = {
  /** "Single-digit milliseconds" (DynamoDB guide), seen from a function. */
  table: { p50: 4, p99: 15 },
  /** "Tens or low hundreds of milliseconds" (SQS FAQ). */
  queue: { p50: 15, p99: 80 },
  /** Secrets Manager gives no figure. */
  secret: { p50: 20, p99: 100 },
  /** From a poller to the handler of a warm function. */
  invoke: { p50: 8, p99: 40 },
  /** A new environment of a Node.js function of 860 KiB: start, load, first connections. */
  coldStart: { p50: 500, p99: 1_200 },
  /** What a provider takes to accept a message: 100 ms with a tail. */
  provider: { p50: 100, p99: 600 },
  /** From a function's socket to the provider's limiter. */
  network: { p50: 20, p99: 50 },
} as const;

/** What `npm run bench api-calls` measured and reckoned, in ms: see docs/performance.md. */
export const MEASURED = {
  /** An invocation of the functions that are not simulated themselves. */
  api: 45,
  webhook: 45,
  notify: 70,
  /** What Deliver computes, on the share of a processor that 512 MB are given: for a batch, before a message is sent, and after. */
  deliverBatch: 10,
  deliverBeforeSending: 9,
  deliverAfterwards: 9,
} as const;
