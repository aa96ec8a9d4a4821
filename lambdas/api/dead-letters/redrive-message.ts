import type { Channel } from '../../channels/types.ts';
import type { KeptDeadLetter } from '../../domain/dead-letter.ts';
import type { Message, TimelineEntry } from '../../domain/message.ts';
import { isTerminal } from '../../domain/status.ts';
import { type OutboundTask, outboundTaskSchema } from '../../domain/tasks.ts';
import { TwilioError } from '../../domain/twilio-error.ts';
import { expireInBacklog } from '../../outbound/expire-in-backlog.ts';
import { type PlaceContext, type PlaceDependencies, placeMessage } from '../../outbound/place-message.ts';
import { toIso } from '../../platform/clock.ts';
import type { MessageStore } from '../../platform/stores/messages.ts';
import type { ScheduleStore } from '../../platform/stores/schedule.ts';
import type { SenderStore } from '../../platform/stores/senders.ts';

/** What became of a letter: its work is under way again, or turned out to be done. */
export type Redriven = 'redriven' | 'already sent';

export interface RedriveMessageDependencies extends PlaceDependencies {
  messages: Pick<MessageStore, 'get' | 'note' | 'redriven'>;
  senders: Pick<SenderStore, 'get' | 'byAddress'>;
  schedule: Pick<ScheduleStore, 'add'>;
  channels(): Promise<Channel[]>;
  enqueue(task: OutboundTask, queued: { group: string; deduplicationId: string }): Promise<void>;
}

/** Why a letter cannot be redriven, in a sentence for the caller; the letter stays. */
export const notRedriven = (reason: string) => new TwilioError(20009, `The dead letter cannot be redriven. ${reason}`);

/**
 * Sends a message again that was given up: under its own SID, with a validity period that begins anew. One that was sent meanwhile
 * is not: delivery takes a message only while it is queued, so a redrive that is repeated, or cut off after any line, does no more
 * than put a second task into the queue.
 */
export async function redriveMessage(
  letter: KeptDeadLetter,
  dependencies: RedriveMessageDependencies,
): Promise<Redriven> {
  const { messages, schedule, enqueue, now } = dependencies;
  const task = outboundTaskSchema.safeParse(letter.payload).data;
  if (!task) throw notRedriven('Its task cannot be read, so nobody knows which message it is about.');
  const message = await messages.get(task.accountSid, task.messageSid);
  if (!message) throw notRedriven('Its message no longer exists.');
  if (['sent', 'delivered', 'read'].includes(message.status)) return 'already sent';
  const at = now();
  refuseUnsendable(message, at);

  const context = await contextOf(message, dependencies);
  const validity = newValidity(message, at);
  const placed = await placeMessage(
    { ...message, ...validity },
    context,
    (attributes) => store(message, { ...attributes, ...validity }, { messages, at }),
    dependencies,
  );
  await expireInBacklog(placed, schedule);
  if (placed.task) await enqueue(placed.task.task, { group: placed.task.group, deduplicationId: letter.sid });
  return 'redriven';
}

function refuseUnsendable(message: Message, now: number): void {
  const { status, body, media, location, timeline } = message;
  if (status === 'canceled') throw notRedriven('Its message was canceled.');
  if (status === 'scheduled' || status === 'received') throw notRedriven(`Its message is ${status}.`);
  if (status === 'sending' && (message.leaseUntil ?? 0) > now) {
    throw notRedriven('Its message is being sent at this moment; try again in a minute.');
  }
  const isRedacted = timeline.some(({ by, event }) => by === 'api' && event === 'redacted');
  if (isRedacted || (!body && media.length === 0 && !location)) throw notRedriven("Its message's content was removed.");
}

async function contextOf(
  { accountSid, senderSid }: Message,
  { senders, channels }: RedriveMessageDependencies,
): Promise<PlaceContext> {
  const sender = await senders.get(accountSid, senderSid);
  const channel = sender && (await channels()).find(({ name }) => name === sender.channel);
  if (!sender || !channel) throw notRedriven("Its message's sender no longer exists.");
  // It was accepted once: too much it cannot be now.
  return { sender, channel, wasAccepted: true };
}

/** Stores that the message waits again. */
async function store(
  message: Message,
  set: Partial<Message>,
  { messages, at }: Pick<RedriveMessageDependencies, 'messages'> & { at: number },
): Promise<Message> {
  const entry: TimelineEntry = { at: toIso(at), event: 'redriven', by: 'api' };
  // One that is not over lacks only its task, which went to the dead letters.
  const change = isTerminal(message.status)
    ? await messages.redriven(message, entry, set)
    : await messages.note(message, entry, set);
  if (!change.changed) throw notRedriven('Its message has changed at this moment; try again.');
  return change.message;
}

/** The same time for the message as it had, from now on. */
function newValidity({ validUntil, sendAt, dateCreated, timeline }: Message, now: number): { validUntil?: string } {
  if (validUntil === undefined) return {};
  const begun = timeline.findLast(({ event }) => event === 'redriven')?.at ?? sendAt ?? dateCreated;
  return { validUntil: toIso(now + Date.parse(validUntil) - Date.parse(begun)) };
}
