import { randomUUID } from 'node:crypto';
import type { Contact, ContactFailure, PhoneMessage } from '../../whatsapp/network/contact.ts';
import { type EventValues, eventExamples, eventWebhook, NoExampleError } from '../channel/webhooks.ts';
import type { Laboratory } from '../laboratory.ts';
import type { Sender } from './sender.ts';
import { write } from './write.ts';

/** A message that was accepted. */
export interface Accepted {
  /** Undefined where the provider gives it none. */
  id: string | undefined;
  /** The gateway's own id, where it travels with the message. */
  sid: string | undefined;
  to: string;
  shown: Pick<PhoneMessage, 'type' | 'text' | 'link' | 'replyTo' | 'content'>;
}

type Status = 'sent' | 'delivered' | 'read' | 'failed' | 'undelivered';

/** Takes an accepted message to its contact, and tells the sender what becomes of it as far as the channel does. */
export function deliver(message: Accepted, sender: Sender, laboratory: Laboratory): void {
  const { clock, phones, statusDelays } = laboratory;
  const contact = phones.contact(sender.played.name, message.to);
  const failure = contact.takeFailure();
  const report = (status: Status, error?: ContactFailure) => reportStatus(status, message, sender, laboratory, error);

  clock.schedule(statusDelays.sent, () => report('sent'));
  if (failure) {
    clock.schedule(statusDelays.delivered, () => report('failed', failure));
    return;
  }
  if (contact.behaviour.blocked) return;
  const arrive = () => {
    contact.show({
      ...message.shown,
      id: message.id ?? randomUUID(),
      direction: 'to-contact',
      device: sender.context.address,
      at: new Date(clock.now()).toISOString(),
    });
    readAndAnswer(contact, sender, laboratory, report);
  };
  clock.schedule(statusDelays.delivered, () => contact.whenOnline(arrive));
}

function readAndAnswer(
  contact: Contact,
  sender: Sender,
  laboratory: Laboratory,
  report: (status: Status) => Promise<void>,
): void {
  const { behaviour } = contact;
  const { clock, statusDelays } = laboratory;
  if (behaviour.deliveryReceipts) clock.track(report('delivered'));
  clock.schedule(statusDelays.read - statusDelays.delivered, async () => {
    if (behaviour.readReceipts) await report('read');
    if (behaviour.autoReply !== undefined) await write({ text: behaviour.autoReply }, contact, sender, laboratory);
  });
}

/** Posts a status, unless the channel has no such one. */
async function reportStatus(
  status: Status,
  { id, sid, to }: Accepted,
  sender: Sender,
  { clock, log }: Laboratory,
  error?: ContactFailure,
): Promise<void> {
  const { played, context, webhooks, webhookUrl } = sender;
  const { statuses } = played.habits;
  const isWanted = (event: Readonly<Record<string, unknown>>) =>
    event['type'] === 'status' &&
    (statuses?.some((usual) => usual === event['status']) ?? true) &&
    (event['id'] === undefined || id !== undefined) &&
    (event['status'] === status || (status === 'failed' && event['status'] === 'undelivered'));
  if (webhookUrl === undefined || (await eventExamples(played, isWanted)).length === 0) return;
  const now = new Date(clock.now()).toISOString();
  const values: EventValues = {
    id,
    sid,
    to,
    timestamp: now,
    before: now,
    error: error && { code: String(error.code) },
  };
  try {
    const { webhook } = await eventWebhook(played, context, isWanted, () => values);
    webhooks.send(webhookUrl, webhook);
  } catch (problem) {
    if (!(problem instanceof NoExampleError)) throw problem;
    log({ event: 'status-without-example', channel: played.name, status, message: problem.message });
  }
}
