import type { SQSRecord } from 'aws-lambda';
import type { DeadLetterQueue } from '../domain/dead-letter.ts';
import {
  callbackTaskSchema,
  type DeadLetter,
  deadLetterSchema,
  inboundTaskSchema,
  outboundTaskSchema,
  webhookTaskSchema,
} from '../domain/tasks.ts';
import { type Clock, toIso } from '../platform/clock.ts';
import { done, type Handled } from '../platform/fifo-batch.ts';

export interface BuryDependencies {
  bury(letter: DeadLetter, key: string): Promise<void>;
  now: Clock;
}

const REASON = 'The entry was received too often: whatever took it never came to an end with it.';

/** Keeps an entry that SQS gave up on as a dead letter. */
export async function buryEntry(
  record: SQSRecord,
  queue: DeadLetterQueue,
  { bury, now }: BuryDependencies,
): Promise<Handled> {
  const payload = parsed(record.body);
  const letter = letterIn(payload) ?? { ...describe(queue, payload), reason: REASON, at: toIso(now()) };
  // SQS keeps an entry's id when it moves it.
  await bury(letter, record.messageId);
  return done;
}

/** Gateways of earlier versions put whole letters into these queues. */
const letterIn = (payload: unknown): DeadLetter | undefined => deadLetterSchema.safeParse(payload).data;

function describe(queue: DeadLetterQueue, payload: unknown): Omit<DeadLetter, 'reason' | 'at'> {
  switch (queue) {
    case 'outbound': {
      const task = outboundTaskSchema.safeParse(payload).data;
      if (!task) return { kind: 'outbound', accountSid: '', payload };
      const { accountSid, senderSid, messageSid } = task;
      return { kind: 'outbound', accountSid, senderSid, messageSid, payload };
    }
    case 'inbound': {
      const webhook = webhookTaskSchema.safeParse(payload).data;
      const { accountSid = '', senderSid } = webhook ?? inboundTaskSchema.safeParse(payload).data ?? {};
      return { kind: webhook ? 'webhook' : 'event', accountSid, ...(senderSid && { senderSid }), payload };
    }
    case 'callbacks': {
      const { accountSid = '', messageSid } = callbackTaskSchema.safeParse(payload).data ?? {};
      return { kind: 'callback', accountSid, ...(messageSid && { messageSid }), payload };
    }
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
