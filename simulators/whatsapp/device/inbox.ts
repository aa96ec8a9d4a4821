import { ApiError, errorEntry } from '../http/errors.ts';
import type { Contact, PhoneMessage } from '../network/contact.ts';
import { contactMessageId } from '../network/ids.ts';
import type { JsonObject } from '../shape.ts';
import type { Device } from './device.ts';

/** `PUT /v1/messages/{id}` works for a month. */
const READABLE_MS = 30 * 24 * 3600 * 1000;

/** Media that a contact sends. */
export interface InboundMedia {
  kind: string;
  mimeType: string;
  content: Buffer;
}

/** What a contact writes: the type, and the type's own object as the webhook carries it. */
export type Written = { type: string } & JsonObject;

/** The way of a message from a contact's phone to the device and its webhook. */
export class Inbox {
  readonly #device: Device;
  /** Sent while the device had no connection: the network keeps them. */
  #waiting: (() => void)[] = [];
  readonly #received = new Map<string, number>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** The contact writes; returns what their phone shows. The webhook follows once the device is connected. */
  write(contact: Contact, written: Written, media: InboundMedia | undefined, replyTo?: string): PhoneMessage {
    const { clock } = this.#device.surroundings;
    const device = this.#device.number;
    if (device === undefined) throw new Error('A device without a number cannot be written to.');
    const id = contactMessageId();
    const { type } = written;
    const content = written[type];
    const { body, caption, text } = (content ?? {}) as Record<string, unknown>;
    const message: PhoneMessage = {
      id,
      direction: 'from-contact',
      device,
      type,
      text: [body, caption, text].find((candidate) => typeof candidate === 'string'),
      replyTo,
      content,
      at: new Date(clock.now()).toISOString(),
    };
    contact.show(message);
    // Kept from now on: the webhook tells when the message was written, however late it is posted.
    const timestamp = String(clock.seconds());
    const from = contact.number;
    const quoted = contact.messages.find((shown) => shown.id === replyTo);
    const context = replyTo === undefined ? {} : { context: { from: authorOf(quoted, from, device), id: replyTo } };
    this.#whenConnected(() => {
      const stored = media === undefined ? {} : { [type]: { ...(content as JsonObject), ...this.#store(media) } };
      this.#receive(contact, { from, id, timestamp, ...context, ...written, ...stored });
    });
    return message;
  }

  /** The contact takes a message back: a status of an inbound id. */
  takenBack(contact: Contact, id: string): void {
    const timestamp = String(this.#device.surroundings.clock.seconds());
    this.#whenConnected(() => {
      this.#device.webhooks.send('status_change', {
        statuses: [{ id, recipient_id: contact.number, status: 'deleted', timestamp }],
      });
    });
  }

  /** Marks an inbound message as read; throws ApiError when it is none or too old. */
  markRead(id: string): void {
    const receivedAt = this.#received.get(id);
    if (receivedAt === undefined || this.#device.surroundings.clock.now() - receivedAt > READABLE_MS) {
      throw new ApiError(1006, 'No such message.');
    }
  }

  /** The device is connected again. */
  flush(): void {
    for (const receive of this.#waiting.splice(0)) receive();
  }

  #whenConnected(receive: () => void): void {
    if (this.#device.state === 'connected') receive();
    else this.#waiting.push(receive);
  }

  #receive(contact: Contact, message: Written): void {
    const { number, behaviour } = contact;
    this.#received.set(String(message['id']), this.#device.surroundings.clock.now());
    this.#device.contacts.learn(number);
    this.#device.outbox.conversations.contactWrote(number);
    this.#device.statistics.add('in_message_from_server', { type: message.type });
    this.#device.webhooks.send('inbound_message', {
      contacts: [{ profile: { name: behaviour.profileName }, wa_id: number }],
      messages: [message],
    });
  }

  /** Downloads media as the settings say; what is not downloaded has no id. */
  #store(media: InboundMedia): JsonObject {
    const { application, media: store, statistics } = this.#device;
    const undownloaded = { mime_type: media.mimeType, status: 'undownloaded' };
    if (!application.downloads(media.kind)) return undownloaded;
    if (store.full) {
      this.#device.webhooks.send('other', { errors: [errorEntry(400, 'The media volume is full.')] });
      return undownloaded;
    }
    const { id, sha256 } = store.keep(media.mimeType, media.content);
    statistics.add('media_downloads', { type: media.kind });
    return { id, mime_type: media.mimeType, sha256 };
  }
}

function authorOf(quoted: PhoneMessage | undefined, contact: string, device: string): string {
  return quoted?.direction === 'from-contact' ? contact : device;
}
