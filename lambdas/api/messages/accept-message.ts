import { randomUUID } from 'node:crypto';
import type { Channel } from '../../channels/types.ts';
import type { Message } from '../../domain/message.ts';
import type { MessageRequest } from '../../domain/message-request.ts';
import { scheduleProblem } from '../../domain/message-schedule.ts';
import { taskOf } from '../../domain/message-task.ts';
import { newMessage, sidFor } from '../../domain/new-message.ts';
import type { Sender } from '../../domain/sender.ts';
import type { OutboundTask } from '../../domain/tasks.ts';
import { TwilioError } from '../../domain/twilio-error.ts';
import { expireInBacklog } from '../../outbound/expire-in-backlog.ts';
import { type PlaceDependencies, placeMessage } from '../../outbound/place-message.ts';
import { toIso } from '../../platform/clock.ts';
import { logger } from '../../platform/log.ts';
import type { IdempotencyStore } from '../../platform/stores/idempotency.ts';
import type { MessageStore } from '../../platform/stores/messages.ts';
import type { ScheduleStore } from '../../platform/stores/schedule.ts';
import { type ResolveDependencies, refuseUnsupported, senderFor } from './sender-for.ts';

export interface AcceptDependencies extends PlaceDependencies, ResolveDependencies {
  messages: Pick<MessageStore, 'insert' | 'get' | 'note' | 'remove' | 'wasDeleted'>;
  idempotency: Pick<IdempotencyStore, 'claim' | 'find'>;
  schedule: Pick<ScheduleStore, 'add'>;
  enqueue(task: OutboundTask, options: { group: string; deduplicationId: string }): Promise<void>;
}

/** A request whose repetition must find the first one's message: the client's key, and what it came with. */
export interface IdempotencyClaim {
  key: string;
  requestHash: string;
}

/**
 * Accepts a message: to be sent now, which is when the queue has acknowledged it or its sender's backlog holds it, or at its
 * time, which is when the schedule does.
 *
 * Every step can be repeated, so a request that was cut off anywhere is finished by its repetition with the same
 * idempotency key: the key is claimed for a SID, and the message is stored and queued under that SID. Nothing is
 * claimed, stored or queued for a request that is wrong, and nothing stored for one that is too much (21611).
 */
export async function acceptMessage(
  request: MessageRequest,
  accountSid: string,
  idempotency: IdempotencyClaim | undefined,
  dependencies: AcceptDependencies,
): Promise<{ message: Message; channel: Channel }> {
  const { sender, route, channel } = await senderFor(request, accountSid, dependencies);
  await refuseUnsupported(request, sender, route, channel);
  await refuseTime(request, accountSid, idempotency, dependencies);
  const now = dependencies.now();
  const own = sidFor(request, now);
  const sid = await claimedSid(own, accountSid, idempotency, dependencies);
  const stored = sid === own ? undefined : await dependencies.messages.get(accountSid, sid);
  if (stored) return { message: await finish(stored, dependencies), channel };
  const validityPeriod = request.validityPeriod ?? channel.validityPeriod;
  const message = newMessage(request, { sid, accountSid, senderSid: sender.sid, route, validityPeriod, now });
  const accepted =
    request.sendAt === undefined
      ? await place(message, { sender, channel }, sid === own, dependencies)
      : await schedule(message, request.sendAt, dependencies);
  return { message: accepted, channel };
}

/** Stores a message and queues it, or has it wait. */
async function place(
  message: Message,
  context: { sender: Sender; channel: Channel },
  isFirst: boolean,
  dependencies: AcceptDependencies,
): Promise<Message> {
  let isNew = true;
  const store = async (placed: Partial<Message>) => {
    const complete = { ...message, ...placed };
    isNew = await dependencies.messages.insert(complete);
    return isNew ? complete : existing(message, dependencies);
  };
  // A customer cannot be told that its answer to a webhook is too much, so that never is.
  const wasAccepted = message.direction === 'outbound-reply';
  const placed = await placeMessage(message, { ...context, wasAccepted }, store, dependencies);
  // Another request with the same key was faster: what it stored counts, not what was found out here.
  if (!isNew) return finish(placed.message, dependencies);
  if (placed.task) {
    // SQS drops a second task with the same id for five minutes: right within one request, whose sending the SDK may
    // repeat. A later request must get through, since the task of the one before may have met a message taken back. Two
    // tasks for one message do no harm: delivery takes a message only once.
    const deduplicationId = isFirst ? message.sid : `${message.sid}-${randomUUID()}`;
    if (await isQueued(placed.task, deduplicationId, dependencies)) return placed.message;
    if (await dependencies.messages.remove(placed.message)) throw notAccepted();
    return delivering(placed.message, dependencies);
  }
  try {
    await expireInBacklog(placed, dependencies.schedule);
  } catch (error) {
    // It is stored and will be sent or fail, if later than it might: that is no reason to say that it was not accepted.
    logger.error('the end of a validity could not be noted', { messageSid: message.sid, error: error as Error });
  }
  return placed.message;
}

/** Stores a message until its time comes. Listed before it is stored: what is in no list would never be sent. */
async function schedule(message: Message, at: number, dependencies: AcceptDependencies): Promise<Message> {
  const { accountSid, sid } = message;
  await dependencies.schedule.add({ kind: 'send', accountSid, messageSid: sid, at });
  return (await dependencies.messages.insert(message)) ? message : existing(message, dependencies);
}

/** Finishes what an earlier request with the same key began, wherever it was cut off. */
async function finish(message: Message, dependencies: AcceptDependencies): Promise<Message> {
  // Once it is past `queued`, its task has been taken; and a list holds what waits for its turn or its time.
  if (message.status !== 'queued' || message.backlogged) return message;
  // Changes the message, so that the earlier request, if it is still about to fail, cannot take it back any more.
  const { messages, now } = dependencies;
  const noted = await messages.note(message, { at: toIso(now()), event: 'repeated', by: 'api' });
  if (!noted.changed) throw notAccepted();
  const deduplicationId = `${message.sid}-${randomUUID()}`;
  if (await isQueued(taskOf(noted.message, now()), deduplicationId, dependencies)) return noted.message;
  // It is not taken back: the earlier request may have been told that it was accepted.
  return delivering(noted.message, dependencies);
}

/** The message that has the SID already. */
async function existing({ accountSid, sid }: Message, { messages }: AcceptDependencies): Promise<Message> {
  const found = await messages.get(accountSid, sid);
  if (found) return found;
  if (await messages.wasDeleted(accountSid, sid)) {
    throw new TwilioError(20422, 'The message that was created with this idempotency key has been deleted.');
  }
  // Taken back by the request that had stored it.
  throw notAccepted();
}

/**
 * A time that is too near or too far is refused; but a repetition comes later than the request that it repeats, and its time was
 * right then.
 */
async function refuseTime(
  { sendAt }: MessageRequest,
  accountSid: string,
  idempotency: IdempotencyClaim | undefined,
  dependencies: AcceptDependencies,
): Promise<void> {
  const problem = sendAt === undefined ? undefined : scheduleProblem(sendAt, dependencies.now());
  if (!problem) return;
  const first = idempotency && (await dependencies.idempotency.find(accountSid, idempotency.key));
  if (first?.requestHash !== idempotency?.requestHash || !first) throw problem;
}

async function claimedSid(
  sid: string,
  accountSid: string,
  idempotency: IdempotencyClaim | undefined,
  dependencies: AcceptDependencies,
): Promise<string> {
  if (!idempotency) return sid;
  const { key, requestHash } = idempotency;
  const winner = await dependencies.idempotency.claim(accountSid, key, { sid, requestHash });
  if (winner.requestHash !== requestHash) {
    throw new TwilioError(20422, 'This idempotency key was used before with other parameters.');
  }
  return winner.sid;
}

/** Whether the queue has taken the task. */
async function isQueued(
  { task, group }: { task: OutboundTask; group: string },
  deduplicationId: string,
  { enqueue }: AcceptDependencies,
): Promise<boolean> {
  try {
    await enqueue(task, { group, deduplicationId });
    return true;
  } catch (error) {
    logger.error('the message could not be queued', { messageSid: task.messageSid, error: error as Error });
    return false;
  }
}

/** Perhaps the answer was lost on its way, not the task: a message that is being delivered was accepted. */
async function delivering({ accountSid, sid }: Message, { messages }: AcceptDependencies): Promise<Message> {
  const found = await messages.get(accountSid, sid);
  if (found && found.status !== 'queued') return found;
  throw notAccepted();
}

const notAccepted = () =>
  new TwilioError(20503, 'The service is unavailable. The message was not accepted; it is safe to try again.');
