import { z } from 'zod';
import { Customer } from '../../local/customer.ts';
import type { LocalStack } from '../../local/stack.ts';
import { control } from '../support/simulator.ts';

const PASSWORD = 'Benchmark-1-device!';

const loginSchema = z.object({ users: z.array(z.object({ token: z.string() })).length(1) });
const pointSchema = z.object({ labels: z.record(z.string(), z.string()), value: z.number() });
const statisticsSchema = z.object({
  stats: z.object({ app: z.object({ endpoint_requests: z.object({ data: z.array(pointSchema) }) }) }),
});
const shownSchema = z.object({ messages: z.array(z.object({ text: z.string().optional() })) });

export interface Patience {
  milliseconds: number;
  signal: AbortSignal;
}

/** The simulated WhatsApp network of a local stack, as this benchmark uses it. Numbers are digits. */
export class Phones {
  readonly #stack: LocalStack;
  /** How many messages of each phone have been looked at. */
  readonly #shown = new Map<string, number>();

  constructor(stack: LocalStack) {
    this.#stack = stack;
  }

  /** Makes a device and registers it as a sender. */
  async addSender(number: string): Promise<void> {
    await control(this.#stack.simulatorUrl, 'POST', '/devices', { body: { number, password: PASSWORD } });
    await new Customer(this.#stack).registerWhatsApp(number, this.#deviceUrl(number), PASSWORD);
  }

  /** A contact writes to a sender, which opens the window. */
  async write(contact: string, sender: string): Promise<void> {
    await control(this.#stack.simulatorUrl, 'POST', `/contacts/${contact}/messages`, {
      body: { to: sender, text: 'Hello?' },
    });
  }

  /**
   * The texts on a contact's phone that begin with `name`, in order; waits until there are `expected` more than before,
   * but not for ever.
   */
  async arrived(contact: string, name: string, expected: number, patience: Patience): Promise<string[]> {
    const after = this.#shown.get(contact) ?? 0;
    const query = new URLSearchParams({
      direction: 'to-contact',
      after: String(after),
      wait: String(expected),
      timeoutMs: String(patience.milliseconds),
    });
    const shown = await control(this.#stack.simulatorUrl, 'GET', `/contacts/${contact}/messages?${query}`, {
      signal: patience.signal,
    });
    const texts = shownSchema.parse(shown).messages.map(({ text = '' }) => text);
    this.#shown.set(contact, after + texts.length);
    return texts.filter((text) => text.startsWith(name));
  }

  /** How often a device answered a message with each HTTP status. */
  async answers(sender: string): Promise<Map<string, number>> {
    const basic = Buffer.from(`admin:${PASSWORD}`).toString('base64');
    const login = await this.#device(sender, 'POST', '/v1/users/login', `Basic ${basic}`);
    const token = loginSchema.parse(login).users[0]?.token ?? '';
    const statistics = await this.#device(sender, 'GET', '/v1/stats/app', `Bearer ${token}`);
    const { data } = statisticsSchema.parse(statistics).stats.app.endpoint_requests;
    const messages = data.filter(({ labels }) => labels['endpoint'] === 'POST_v1_messages');
    return new Map(messages.map(({ labels, value }) => [labels['result'] ?? '', value]));
  }

  #deviceUrl(number: string): string {
    return `${this.#stack.simulatorUrl}/devices/${number}`;
  }

  async #device(number: string, method: string, path: string, authorization: string): Promise<unknown> {
    const response = await fetch(this.#deviceUrl(number) + path, { method, headers: { authorization } });
    if (!response.ok) throw new Error(`The device answered ${method} ${path} with ${response.status}.`);
    return await response.json();
  }
}
