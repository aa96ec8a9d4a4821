import type { Customer } from './customer.ts';
import { StartError } from './listen.ts';
import { until } from './until.ts';

const PATIENCE_MILLISECONDS = 20_000;

export interface FirstMessageOptions {
  customer: Customer;
  simulatorUrl: string;
  /** Digits of the sender's and the contact's phone number. */
  sender: string;
  contact: string;
  print: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Sends one message through the public API and prints what happens to it as it happens, to the contact's reply. The
 * contact writes first, since WhatsApp lets a business answer freely but not begin.
 * @throws with a sentence when a step does not happen in time
 */
export async function sendFirstMessage(options: FirstMessageOptions): Promise<void> {
  const { customer, print, signal } = options;
  const [sender, contact] = [`whatsapp:+${options.sender}`, `whatsapp:+${options.contact}`];
  const phone = `${options.simulatorUrl}/control/contacts/${options.contact}`;

  await control('PATCH', phone, { autoReply: 'Thank you!', profileName: 'Ada' });
  await control('POST', `${phone}/messages`, { to: options.sender, text: 'Hello, is this the gateway?' });
  const greeting = await until(signal, 'the message of the contact', PATIENCE_MILLISECONDS, async () => {
    return (await customer.messages(contact, sender)).at(0);
  });
  print(`  ${contact} wrote: ${greeting.body}`);

  const startedAt = Date.now();
  const { sid } = await customer.send({ From: sender, To: contact, Body: 'Hello from Switchboard.' });
  print(`  Sent as ${sid}:`);
  let printed = 0;
  await until(signal, 'the message to be read', PATIENCE_MILLISECONDS, async () => {
    const timeline = await customer.timeline(sid);
    for (const { at, event, by } of timeline.slice(printed)) {
      const seconds = Math.max(0, (Date.parse(at) - startedAt) / 1000).toFixed(2);
      print(`    ${seconds.padStart(5)} s  ${event.padEnd(10)}  by ${by}`);
    }
    printed = timeline.length;
    return timeline.find(({ event }) => ['read', 'failed', 'undelivered'].includes(event));
  });
  const reply = await until(signal, 'the reply of the contact', PATIENCE_MILLISECONDS, async () => {
    const messages = await customer.messages(contact, sender);
    return messages.find((message) => message.sid !== greeting.sid);
  });
  print(`  ${contact} replied: ${reply.body}`);
}

async function control(method: string, url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new StartError(`The simulator answered ${response.status}: ${await response.text()}`);
}
