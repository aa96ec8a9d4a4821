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

/**
 * Calls a simulator's control API; the one of the sandbox's devices unless another one is named.
 * @throws with its answer when that is no success
 */
export async function control<Answer>(
  method: string,
  path: string,
  body?: unknown,
  simulatorUrl: string | undefined = gateway.simulatorUrl,
): Promise<Answer> {
  const response = await fetch(`${simulatorUrl}/control${path}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /control${path} was answered ${response.status}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as Answer;
}

/** A phone number that nobody else in this run, or in the simulator, is likely to have: digits only. */
export function newNumber(): string {
  return `1555${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;
}

/** Where a phone is: each simulator has contacts of its own. */
export interface Network {
  simulatorUrl: string | undefined;
  /** Where several channels share a simulator. */
  channel?: string;
}

/** The phone of a contact. */
export class Phone {
  /** Digits only. */
  readonly number: string;
  /** As in messages: `whatsapp:+15551230001`. */
  readonly address: string;
  readonly #network: Network;

  constructor(network: Network = { simulatorUrl: gateway.simulatorUrl }) {
    this.number = newNumber();
    this.address = `whatsapp:+${this.number}`;
    this.#network = network;
  }

  /**
   * The contact writes: `{ to: <number of a device>, text }`, and whatever else the control API takes. Waits until the gateway
   * has it: from then on the contact may be answered.
   */
  async write(message: { to: string; [field: string]: unknown }): Promise<PhoneMessage> {
    const before = await this.#received();
    const written = await this.#control<PhoneMessage>('POST', '/messages', {}, message);
    await vi.waitUntil(async () => (await this.#received()) > before, { timeout: 10_000, interval: 20 });
    return written;
  }

  /** How many of this contact's messages the gateway has stored. */
  async #received(): Promise<number> {
    return (await createClient().messages.list({ from: this.address, limit: 50 })).length;
  }

  /** How the contact behaves: `{ readReceipts: false }`, `{ autoReply: 'Thanks' }`, `{ failure: { code: 1026 } }` … */
  async behave(behaviour: Record<string, unknown>): Promise<void> {
    await this.#control('PATCH', '', {}, behaviour);
  }

  /** What arrived on the phone, in order; waits until there are as many as asked for, 10 s at most. */
  async arrived(atLeast = 0): Promise<PhoneMessage[]> {
    const query = { direction: 'to-contact', wait: String(atLeast), timeoutMs: '10000' };
    return (await this.#control<{ messages: PhoneMessage[] }>('GET', '/messages', query)).messages;
  }

  #control<Answer>(method: string, path: string, query: Record<string, string>, body?: unknown): Promise<Answer> {
    const { simulatorUrl, channel } = this.#network;
    const all = new URLSearchParams({ ...query, ...(channel !== undefined && { channel }) });
    return control(method, `/contacts/${this.number}${path}?${all}`, body, simulatorUrl);
  }
}
