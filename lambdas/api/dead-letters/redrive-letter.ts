import type { KeptDeadLetter } from '../../domain/dead-letter.ts';
import {
  type CallbackTask,
  callbackTaskSchema,
  type InboundTask,
  inboundTaskSchema,
  type WebhookTask,
  webhookTaskSchema,
} from '../../domain/tasks.ts';
import { groupOf, ownerOf } from '../../inbound/receive-webhook.ts';
import { toIso } from '../../platform/clock.ts';
import type { DeadLetterStore } from '../../platform/stores/dead-letters.ts';
import { notRedriven, type RedriveMessageDependencies, type Redriven, redriveMessage } from './redrive-message.ts';

export interface RedriveDependencies extends RedriveMessageDependencies {
  letters: Pick<DeadLetterStore, 'remove'>;
  /** Queues an event, or a webhook to be read again. */
  postpone(task: InboundTask | WebhookTask, queued: { group: string; deduplicationId: string }): Promise<void>;
  /** Queues a callback. */
  callBack(task: CallbackTask, queued: { group: string; deduplicationId: string }): Promise<void>;
}

/**
 * Takes up again what a letter is about, and removes the letter. It goes last: a redrive that was cut off can be repeated, and what
 * it had queued is recognised. Within five minutes SQS drops a second entry, because both have the letter's SID; later the message
 * says that it was sent, an event finds itself applied, and a customer finds the callback's token.
 * @param owner the account whose letter it is
 * @throws TwilioError with the reason when it cannot be redriven
 */
export async function redriveLetter(
  letter: KeptDeadLetter,
  owner: string,
  dependencies: RedriveDependencies,
): Promise<Redriven> {
  const redriven = await takeUp(letter, dependencies);
  await dependencies.letters.remove(owner, letter.sid);
  return redriven;
}

function takeUp(letter: KeptDeadLetter, dependencies: RedriveDependencies): Promise<Redriven> {
  switch (letter.kind) {
    case 'outbound':
      return redriveMessage(letter, dependencies);
    case 'event':
      return redriveEvent(letter, dependencies);
    case 'webhook':
      return redriveWebhook(letter, dependencies);
    case 'callback':
      return redriveCallback(letter, dependencies);
  }
}

/** An event goes to whom it is for by now: the sender may have been registered since. */
async function redriveEvent(letter: KeptDeadLetter, dependencies: RedriveDependencies): Promise<Redriven> {
  const { senders, postpone, now } = dependencies;
  const task = inboundTaskSchema.safeParse(letter.payload).data;
  if (!task) throw notRedriven('Its event cannot be read.');
  const sender = await senders.get(task.accountSid, task.senderSid);
  if (!sender) throw notRedriven('The sender that it came for no longer exists.');
  const owner = await ownerOf(task.event, sender, dependencies);
  if (!owner) throw notRedriven('Its account still has no sender with the address that the event is for.');
  const { accountSid, sid: senderSid } = owner;
  // Its age decides when it is given up again.
  const again = { ...task, accountSid, senderSid, receivedAt: toIso(now()) };
  await postpone(again, { group: groupOf(task.event, owner), deduplicationId: letter.sid });
  return 'redriven';
}

async function redriveWebhook(letter: KeptDeadLetter, { postpone, now }: RedriveDependencies): Promise<Redriven> {
  const task = webhookTaskSchema.safeParse(letter.payload).data;
  if (!task) throw notRedriven('Its webhook is incomplete.');
  await postpone({ ...task, receivedAt: toIso(now()) }, { group: letter.sid, deduplicationId: letter.sid });
  return 'redriven';
}

async function redriveCallback(letter: KeptDeadLetter, { callBack }: RedriveDependencies): Promise<Redriven> {
  const task = callbackTaskSchema.safeParse(letter.payload).data;
  if (!task) throw notRedriven('Its callback cannot be read.');
  await callBack(task, { group: task.messageSid, deduplicationId: letter.sid });
  return 'redriven';
}
