import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  DeleteMessageBatchCommand,
  type Message as QueueMessage,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import { vi } from 'vitest';
import type { CallbackTask } from '../../../lambdas/domain/tasks.ts';
import { call, type TestAnswer, type TestRequest } from '../../support/api.ts';
import { startAws } from '../../support/aws.ts';
import { bundleChannels } from '../../support/channels.ts';
import { passTime, takeClock } from './clock.ts';
import { invoke, type Passage } from './invocations.ts';

type Handler = (event: never, context: Context) => Promise<unknown>;

/** The functions that a message passes on its way out. */
const FUNCTIONS = {
  Api: 'api/api.lambda.ts',
  Deliver: 'outbound/deliver.lambda.ts',
  Sweep: 'maintenance/sweep.lambda.ts',
} as const;
type FunctionName = keyof typeof FUNCTIONS;

/** What a function may still run, in ms. */
const REMAINING_MS = 60_000;
/** How often the sweep is due. */
const SWEEP_EVERY_MS = 60_000;
/** How long nothing may happen before a run is over, whatever is left. */
const LONGEST_RUN_MS = 6 * 3_600_000;
/** Time passes in steps while nothing happens. */
const FIRST_STEP_MS = 1_000;
const LONGEST_STEP_MS = 30_000;

interface Watch {
  /** Whether the sweep comes once more when everything else is over. */
  isSweptAtEnd: boolean;
  /** Asked when the queue holds nothing. */
  isOver(): Promise<boolean>;
  /** Told when the queue shows nothing, before time passes. */
  onIdle(): void;
  /** Told of each death, before anything else goes on. */
  onDeath(): Promise<void>;
}

/**
 * The functions of a message's way out in this process, on emulators: real handlers, queue, table and secrets. A function that died
 * is loaded afresh for its next event, and knows nothing of what was before.
 */
export async function startCrashGateway() {
  const restoreClock = takeClock();
  const aws = await startAws();
  const channels = bundleChannels();
  const environments = new Map<FunctionName, Handler>();
  const queueUrl = process.env['OUTBOUND_QUEUE_URL'] ?? '';
  const context = { getRemainingTimeInMillis: () => REMAINING_MS } as Context;

  async function environmentOf(name: FunctionName): Promise<Handler> {
    const warm = environments.get(name);
    if (warm) return warm;
    vi.resetModules();
    const { handler } = (await import(/* @vite-ignore */ `../../../lambdas/${FUNCTIONS[name]}`)) as {
      handler: Handler;
    };
    environments.set(name, handler);
    return handler;
  }

  /** Gives a function one event. A dead one leaves its environment. */
  async function run<T>(
    name: FunctionName,
    passage: Passage,
    work: (handler: Handler) => Promise<T>,
  ): Promise<T | 'dead'> {
    const handler = await environmentOf(name);
    const result = await invoke(passage, () => work(handler));
    if (result === 'dead') environments.delete(name);
    return result;
  }

  async function receive(): Promise<QueueMessage[]> {
    const { Messages = [] } = await aws.sqs.client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  async function isEmpty(): Promise<boolean> {
    const { visible, inFlight, delayed } = await aws.sqs.depth(queueUrl);
    return visible + inFlight + delayed === 0;
  }

  /** As an event source mapping does: what the function does not name is deleted, and what it names stays. */
  async function deliver(messages: QueueMessage[], passage: Passage): Promise<'alive' | 'dead'> {
    const Records = messages.map(({ MessageId, ReceiptHandle, Body, Attributes }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Attributes,
    }));
    const answer = await run('Deliver', passage, (handler) => handler({ Records } as never, context));
    if (answer === 'dead') return 'dead';
    const { batchItemFailures } = answer as SQSBatchResponse;
    const kept = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const Entries = messages
      .filter(({ MessageId = '' }) => !kept.has(MessageId))
      .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    if (Entries.length > 0) await aws.sqs.client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    return 'alive';
  }

  const hasSweep = existsSync(fileURLToPath(new URL(`../../../lambdas/${FUNCTIONS.Sweep}`, import.meta.url)));

  return {
    aws,
    /** Sends a request to the API. `dead`: its function died, and nobody answers. */
    request: (request: TestRequest, passage: Passage): Promise<TestAnswer | 'dead'> =>
      run('Api', passage, (handler) => call(handler as unknown as Parameters<typeof call>[0], request)),

    /** Lets time pass and functions work, until nothing is left to do. */
    async drain(passage: Passage, { isSweptAtEnd, isOver, onIdle, onDeath }: Watch): Promise<void> {
      const end = Date.now() + LONGEST_RUN_MS;
      let sweepAt = Date.now() + SWEEP_EVERY_MS;
      let step = FIRST_STEP_MS;
      let isSweptNow = false;
      while (Date.now() < end) {
        if (hasSweep && Date.now() >= sweepAt) {
          sweepAt = Date.now() + SWEEP_EVERY_MS;
          const swept = await run('Sweep', passage, (handler) => handler({} as never, context));
          if (swept === 'dead') await onDeath();
        }
        const messages = await receive();
        if (messages.length > 0) {
          step = FIRST_STEP_MS;
          if ((await deliver(messages, passage)) === 'dead') await onDeath();
          continue;
        }
        onIdle();
        if ((await isEmpty()) && (await isOver())) {
          if (!isSweptAtEnd || isSweptNow) return;
          isSweptNow = true;
          passTime(SWEEP_EVERY_MS);
          continue;
        }
        passTime(step);
        step = Math.min(step * 2, LONGEST_STEP_MS);
      }
    },

    /** Puts into the queue what no function can read. */
    async poison(): Promise<void> {
      const id = randomUUID();
      const message = { MessageBody: 'no task', MessageGroupId: id, MessageDeduplicationId: id };
      await aws.sqs.client.send(new SendMessageCommand({ QueueUrl: queueUrl, ...message }));
    },

    /** The callbacks that were queued since it was asked last, in order. */
    callbacks: async (): Promise<CallbackTask[]> => (await aws.drain('CALLBACKS_QUEUE_URL')) as CallbackTask[],

    /** Who delivers does so afresh, as after a while without work. */
    endDeliver: () => environments.delete('Deliver'),

    async stop(): Promise<void> {
      rmSync(channels, { recursive: true });
      restoreClock();
      await aws.stop();
    },
  };
}

export type CrashGateway = Awaited<ReturnType<typeof startCrashGateway>>;
