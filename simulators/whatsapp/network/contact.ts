import type { JsonObject } from '../shape.ts';

/** One message on a contact's phone. */
export interface PhoneMessage {
  id: string;
  direction: 'to-contact' | 'from-contact';
  /** Number of the business. */
  device: string;
  type: string;
  /** What a person reads: the body, a caption, a template with its values. */
  text?: string | undefined;
  /** Where the media comes from, when it was sent by link. */
  link?: string | undefined;
  mediaId?: string | undefined;
  replyTo?: string | undefined;
  /** The type's own object, as it was sent. */
  content: unknown;
  /** When it arrived on (or left) the phone, ISO 8601. */
  at: string;
}

/** An error that messages to a contact meet instead of being delivered. */
export interface ContactFailure {
  code: number;
  title?: string | undefined;
  details?: string | undefined;
  /** How many messages; without it, all. */
  count?: number | undefined;
}

export interface ContactBehaviour {
  profileName: string;
  /** The contact has blocked the business: messages stay `sent`. */
  blocked: boolean;
  /** Off: messages are delivered and never become `read`. */
  readReceipts: boolean;
  /** Off: `read` comes without `delivered`. */
  deliveryReceipts: boolean;
  /** The phone is on. Off: messages stay `sent` until it is on again, then arrive in order. */
  online: boolean;
  /** The number has WhatsApp at all. Off: sends fail with 1013. */
  onWhatsApp: boolean;
  /** What the contact answers to every message. */
  autoReply: string | undefined;
  failure: ContactFailure | undefined;
}

/** A person with a phone, which receives from all devices. */
export class Contact {
  readonly number: string;
  behaviour: ContactBehaviour;
  /** Work that waits for the phone to be on. */
  #pending: (() => void)[] = [];
  #messages: PhoneMessage[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(number: string) {
    this.number = number;
    this.behaviour = {
      profileName: `Contact ${number.slice(-4)}`,
      blocked: false,
      readReceipts: true,
      deliveryReceipts: true,
      online: true,
      onWhatsApp: true,
      autoReply: undefined,
      failure: undefined,
    };
  }

  get messages(): readonly PhoneMessage[] {
    return this.#messages;
  }

  show(message: PhoneMessage): void {
    this.#messages.push(message);
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Removes a message that the contact takes back; undefined when it is not theirs. */
  takeBack(id: string): PhoneMessage | undefined {
    const message = this.#messages.find((shown) => shown.id === id && shown.direction === 'from-contact');
    this.#messages = this.#messages.filter((shown) => shown !== message);
    return message;
  }

  change(behaviour: Partial<ContactBehaviour>): void {
    this.behaviour = { ...this.behaviour, ...behaviour };
    if (!this.behaviour.online) return;
    for (const deliver of this.#pending.splice(0)) deliver();
  }

  /** Runs `deliver` now, or once the phone is on, after what already waits. */
  whenOnline(deliver: () => void): void {
    if (this.behaviour.online) deliver();
    else this.#pending.push(deliver);
  }

  /** The failure that the next message meets; counted. */
  takeFailure(): ContactFailure | undefined {
    const failure = this.behaviour.failure;
    if (failure?.count !== undefined) {
      const count = failure.count - 1;
      this.behaviour.failure = count > 0 ? { ...failure, count } : undefined;
    }
    return failure;
  }

  /** Resolves when `enough()` holds, or after `timeoutMs` of real time: a caller's patience is not simulated. */
  async watch(enough: () => boolean, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (enough()) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(check);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const check = () => {
        if (enough()) done();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#watchers.add(check);
      signal.addEventListener('abort', done);
    });
  }

  toJson(): JsonObject {
    return { number: this.number, ...this.behaviour, messages: this.#messages.length };
  }
}
