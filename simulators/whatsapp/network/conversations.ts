import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';

/** How long after a contact's last message a business may write freely, and how long a conversation lasts. */
const WINDOW_MS = 24 * 3600 * 1000;

type Origin = 'business_initiated' | 'user_initiated';

interface Conversation {
  id: string;
  expiresAt: number;
  origin: Origin;
}

/** The two objects that a status carries beside its own fields. */
export interface Billing {
  conversation: { id: string; expiration_timestamp: number; origin: { type: Origin } };
  pricing: { pricing_model: 'CBP'; billable: boolean; category: Origin };
}

/** The windows and conversations between one device and its contacts. */
export class Conversations {
  readonly #clock: Clock;
  readonly #lastInbound = new Map<string, number>();
  readonly #conversations = new Map<string, Conversation>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  contactWrote(contact: string): void {
    this.#lastInbound.set(contact, this.#clock.now());
  }

  /** True within 24 hours of the contact's last message. */
  windowOpen(contact: string): boolean {
    const last = this.#lastInbound.get(contact);
    return last !== undefined && this.#clock.now() - last < WINDOW_MS;
  }

  /** The conversation that a message sent now belongs to; a new one starts when none is open. */
  bill(contact: string): Billing {
    const now = this.#clock.now();
    let current = this.#conversations.get(contact);
    if (current === undefined || current.expiresAt <= now) {
      const origin = this.windowOpen(contact) ? 'user_initiated' : 'business_initiated';
      current = { id: randomBytes(16).toString('hex'), expiresAt: now + WINDOW_MS, origin };
      this.#conversations.set(contact, current);
    }
    const { id, expiresAt, origin } = current;
    return {
      conversation: { id, expiration_timestamp: Math.floor(expiresAt / 1000), origin: { type: origin } },
      pricing: { pricing_model: 'CBP', billable: true, category: origin },
    };
  }
}
