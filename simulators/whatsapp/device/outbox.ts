import { type ErrorEntry, errorEntry } from '../http/errors.ts';
import type { SendRequest } from '../messages/read.ts';
import type { Contact } from '../network/contact.ts';
import { type Billing, Conversations } from '../network/conversations.ts';
import { businessMessageId } from '../network/ids.ts';
import type { Device } from './device.ts';

/** A message that waited longer than this for the connection is given up. */
const LONGEST_WAIT_MS = 24 * 3600 * 1000;

interface Outgoing {
  id: string;
  contact: Contact;
  request: SendRequest;
  acceptedAt: number;
  billing?: Billing;
  text: string | undefined;
}

/**
 * The way of a message from the device to a contact's phone. It was accepted before it gets here; what is wrong with
 * it shows in a `failed` status.
 */
export class Outbox {
  readonly #device: Device;
  readonly conversations: Conversations;
  /** Accepted while the device had no connection, in order. */
  #waiting: Outgoing[] = [];
  #underWay = 0;

  constructor(device: Device) {
    this.#device = device;
    this.conversations = new Conversations(device.surroundings.clock);
  }

  /** Takes a message and returns its id at once. */
  accept(request: SendRequest, contact: Contact): string {
    const { clock, settings } = this.#device.surroundings;
    const id = businessMessageId();
    const message: Outgoing = { id, contact, request, acceptedAt: clock.now(), text: request.text };
    this.#device.statistics.add('out_message_persisted', { type: request.type });
    this.#count(1);
    clock.schedule(settings.statusDelaysMs.sent, () => this.#send(message));
    return id;
  }

  /** The device is connected again. */
  flush(): void {
    for (const message of this.#waiting.splice(0)) this.#send(message);
  }

  #send(message: Outgoing): void {
    const { clock, settings } = this.#device.surroundings;
    if (this.#device.state !== 'connected') {
      this.#waiting.push(message);
      return;
    }
    this.#count(-1);
    const error = this.#judge(message);
    if (error !== undefined) {
      this.#report(message, 'failed', error);
      return;
    }
    message.billing = this.conversations.bill(message.contact.number);
    this.#report(message, 'sent');
    const { sent, delivered } = settings.statusDelaysMs;
    clock.schedule(delivered - sent, () => message.contact.whenOnline(() => this.#deliver(message)));
  }

  /** What the network has against a message, as an error of its `failed` status. */
  #judge(message: Outgoing): ErrorEntry | undefined {
    const { clock, network } = this.#device.surroundings;
    const { contact, request, acceptedAt } = message;
    if (clock.now() - acceptedAt > LONGEST_WAIT_MS) return errorEntry(408, 'Queued for more than a day.');
    if (!contact.behaviour.onWhatsApp) return errorEntry(1013, 'The recipient is not a WhatsApp user.');
    const failure = contact.takeFailure();
    if (failure !== undefined) {
      const entry = errorEntry(failure.code, failure.details);
      return failure.title === undefined ? entry : { ...entry, title: failure.title };
    }
    if (request.template === undefined) {
      if (this.conversations.windowOpen(contact.number)) return undefined;
      const reason = 'Message failed to send because more than 24 hours have passed since the customer last replied.';
      return errorEntry(470, reason);
    }
    const verdict = network.templates.judge(request.template);
    if ('error' in verdict) return verdict.error;
    message.text = verdict.text;
    return undefined;
  }

  #deliver(message: Outgoing): void {
    const { clock, settings } = this.#device.surroundings;
    const { contact, request } = message;
    const { behaviour } = contact;
    const number = this.#device.number;
    // A contact who blocks a business never gets the message, and the business is not told.
    if (behaviour.blocked || number === undefined) return;
    if (request.timeToLiveSeconds !== undefined) {
      const age = clock.now() - message.acceptedAt;
      if (age > request.timeToLiveSeconds * 1000) {
        this.#report(message, 'failed', errorEntry(410));
        return;
      }
    }
    const [media] = request.media;
    contact.show({
      id: message.id,
      direction: 'to-contact',
      device: number,
      type: request.type,
      text: message.text,
      link: media?.reference.link,
      mediaId: media?.reference.id,
      replyTo: request.replyTo,
      content: request.content,
      at: new Date(clock.now()).toISOString(),
    });
    if (behaviour.deliveryReceipts) this.#report(message, 'delivered');
    const { delivered, read } = settings.statusDelaysMs;
    clock.schedule(read - delivered, () => this.#afterDelivery(message));
  }

  #afterDelivery(message: Outgoing): void {
    const { behaviour } = message.contact;
    if (behaviour.readReceipts) this.#report(message, 'read');
    if (behaviour.autoReply === undefined || this.#device.number === undefined) return;
    this.#device.inbox.write(message.contact, { type: 'text', text: { body: behaviour.autoReply } }, undefined);
  }

  #report(message: Outgoing, status: 'sent' | 'delivered' | 'read' | 'failed', error?: ErrorEntry): void {
    const { clock } = this.#device.surroundings;
    this.#device.statistics.add('out_message_status', { status });
    if (status !== 'failed' && !this.#device.application.reports(status)) return;
    this.#device.webhooks.send('status_change', {
      statuses: [
        {
          id: message.id,
          recipient_id: message.contact.number,
          status,
          timestamp: String(clock.seconds()),
          ...(error === undefined ? message.billing : { errors: [error] }),
          ...(message.request.opaque === undefined ? {} : { biz_opaque_callback_data: message.request.opaque }),
        },
      ],
    });
  }

  #count(change: number): void {
    this.#underWay += change;
    this.#device.statistics.set('pending_messages', this.#underWay);
  }
}
