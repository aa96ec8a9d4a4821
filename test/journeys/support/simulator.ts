import { vi } from 'vitest';
import { createClient } from './client.ts';
import { gateway } from './gateway.ts';

/** A message as a contact's phone shows it. */
export interface PhoneMessage {
  id: string;
  direction: 'to-contact' | 'from-contact';
  /** Number of the device. */
  device: string;
  type: string;
  /** What a person reads: the body, a caption, a template with its values. */
  text?: string;
  /** Where the media comes from, when it was sent by link. */
  link?: string;
  replyTo?: string;
  /** The type's own object, as the channel was given it. */
  content: unknown;
}

/** Calls the simulator's control API. @throws with its answer when that is no success */
export async function control<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${gateway.simulatorUrl}/control${path}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /control${path} was answered ${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}

/** A phone number that nobody else in this run, or in the simulator, is likely to have: digits only. */
export function newNumber(): string {
  return `1555${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;
}

/** The phone of a contact. */
export class Phone {
  /** Digits only. */
  readonly number: string;
  /** As in messages: `whatsapp:+15551230001`. */
  readonly address: string;

  constructor(number = newNumber()) {
    this.number = number;
    this.address = `whatsapp:+${number}`;
  }

  /**
   * The contact writes: `{ to: <number of a device>, text }`, and whatever else the control API takes. Waits until the gateway
   * has it: from then on the contact may be answered.
   */
  async write(message: { to: string; [field: string]: unknown }): Promise<PhoneMessage> {
    const before = await this.#received();
    const written = await control<PhoneMessage>('POST', `/contacts/${this.number}/messages`, message);
    await vi.waitUntil(async () => (await this.#received()) > before, { timeout: 10_000, interval: 20 });
    return written;
  }

  /** How many of this contact's messages the gateway has stored. */
  async #received(): Promise<number> {
    return (await createClient().messages.list({ from: this.address, limit: 50 })).length;
  }

  /** How the contact behaves: `{ readReceipts: false }`, `{ autoReply: 'Thanks' }`, `{ failure: { code: 1026 } }` … */
  async behave(behaviour: Record<string, unknown>): Promise<void> {
    await control('PATCH', `/contacts/${this.number}`, behaviour);
  }

  /** What arrived on the phone, in order; waits until there are as many as asked for, 10 s at most. */
  async arrived(atLeast = 0): Promise<PhoneMessage[]> {
    const query = new URLSearchParams({ direction: 'to-contact', wait: String(atLeast), timeoutMs: '10000' });
    const { messages } = await control<{ messages: PhoneMessage[] }>(
      'GET',
      `/contacts/${this.number}/messages?${query}`,
    );
    return messages;
  }
}
