import { z } from 'zod';
import { StartError } from './listen.ts';

const messageSchema = z.object({ sid: z.string(), status: z.string(), body: z.string().nullable() }).loose();
const timelineSchema = z.object({
  timeline: z.array(z.object({ at: z.string(), event: z.string(), by: z.string() }).loose()),
});
const messagesSchema = z.object({ messages: z.array(messageSchema) });
const senderSchema = z.object({ sid: z.string(), status: z.string() }).loose();

export type Message = z.infer<typeof messageSchema>;
export type TimelineEntry = z.infer<typeof timelineSchema>['timeline'][number];

/** A customer of the gateway: the few calls of its public API that the local stack makes itself. */
export class Customer {
  readonly #url: string;
  readonly #account: string;
  readonly #authorization: string;

  constructor({ url, accountSid, authToken }: { url: string; accountSid: string; authToken: string }) {
    this.#url = url;
    this.#account = `/2010-04-01/Accounts/${accountSid}`;
    this.#authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;
  }

  /**
   * Registers a device as a sender.
   * @param number digits of its phone number
   * @throws when the sender is not online afterwards
   */
  async registerWhatsApp(number: string, deviceUrl: string, password: string): Promise<string> {
    const sender = await this.#request(senderSchema, '/v2/Channels/Senders', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        sender_id: `whatsapp:+${number}`,
        configuration: { url: deviceUrl, username: 'admin', password },
        profile: { name: 'Switchboard sandbox' },
      }),
    });
    if (sender.status !== 'ONLINE') throw new StartError(`The sender +${number} is ${sender.status}, not ONLINE.`);
    return sender.sid;
  }

  async send(message: { From: string; To: string; Body: string }): Promise<Message> {
    const body = new URLSearchParams(message);
    return await this.#request(messageSchema, `${this.#account}/Messages.json`, { method: 'POST', body });
  }

  async timeline(messageSid: string): Promise<TimelineEntry[]> {
    return (await this.#request(timelineSchema, `${this.#account}/Messages/${messageSid}/Timeline.json`)).timeline;
  }

  /** Messages from one address to another, newest first. */
  async messages(From: string, To: string): Promise<Message[]> {
    const query = new URLSearchParams({ From, To });
    return (await this.#request(messagesSchema, `${this.#account}/Messages.json?${query}`)).messages;
  }

  async #request<Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    init: { method?: string; headers?: Record<string, string>; body?: string | URLSearchParams } = {},
  ): Promise<z.infer<Schema>> {
    const headers = { ...init.headers, authorization: this.#authorization };
    const response = await fetch(this.#url + path, { ...init, headers });
    const text = await response.text();
    if (!response.ok) throw new StartError(`${init.method ?? 'GET'} ${path} was answered ${response.status}: ${text}`);
    return schema.parse(JSON.parse(text));
  }
}
