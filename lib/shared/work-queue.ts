import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { removalPolicyOf } from './removal.ts';
import type { StageProps } from './stage.ts';

/** Waiting for a sending slot is a receive too, so a healthy task may be received hundreds of times; attempts are counted in the table. */
const MAX_RECEIVES = 1000;

/** What the function that keeps dead letters may take for a batch: some writes each. */
export const BURIAL_TIMEOUT = Duration.seconds(30);

export interface WorkQueueProps extends Pick<StageProps, 'config' | 'storage' | 'alarms'> {
  /** Its stage, in alarm names and, in capitals, in environment names: `Outbound` gives `OUTBOUND_QUEUE_URL` and `OUTBOUND_DLQ_URL`. */
  readonly stage: 'Outbound' | 'Inbound' | 'Callbacks';
  /** The timeout of the function that takes from this queue. */
  readonly consumerTimeout: Duration;
  /** How old the oldest entry may grow before an alarm. */
  readonly staleAfter: Duration;
}

/** The environment names of a queue and of its dead letters. */
export function environmentNamesOf(work: WorkQueue): { queue: string; deadLetters: string } {
  const stage = work.stage.toUpperCase();
  return { queue: `${stage}_QUEUE_URL`, deadLetters: `${stage}_DLQ_URL` };
}

/**
 * A FIFO queue of work with the FIFO queue of what SQS gave up on, and alarms on both. Nothing stays in the second: it is kept in the
 * table, with all that the functions gave up on themselves.
 */
export class WorkQueue extends Construct {
  readonly stage: WorkQueueProps['stage'];
  readonly consumerTimeout: Duration;
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    this.stage = props.stage;
    this.consumerTimeout = props.consumerTimeout;

    const common = {
      fifo: true,
      // Per group, not per queue: this is SQS's high-throughput mode, and groups are conversations.
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      contentBasedDeduplication: false,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // What is in a queue has been accepted, so it is kept as the table is.
      removalPolicy: removalPolicyOf(props.config),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...common,
      visibilityTimeout: Duration.seconds(BURIAL_TIMEOUT.toSeconds() * 6),
    });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      // AWS asks for six times the function's timeout, so that a throttled invocation can be tried again before the entry reappears.
      visibilityTimeout: Duration.seconds(props.consumerTimeout.toSeconds() * 6),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MAX_RECEIVES },
    });

    props.alarms.watchQueue(this, props.staleAfter, props.storage.table);
  }
}
