import { z } from 'zod';
import { StartError } from './listen.ts';

const messageSchema = z.object({ sid: z.string(), status: z.string(), body: z.string().nullable() }).loose();
const timelineSchema = z.object({
  timeline: z.array(z.object({ at: z.string(), event: z.string(), by: z.string() }).loose()),
});
const messagesSchema = z.object({ messages: z.array(messageSchema) });
const senderSchema = z
  .object({
    sid: z.string(),
    status: z.string(),
    offline_reasons: z.array(z.object({ message: z.string() }).loose()).nullish(),
  })
  .loose();

export type Message = z.infer<typeof messageSchema>;
export type Sender = z.infer<typeof senderSchema>;
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
    const sender = await this.#postSender('', {
      sender_id: `whatsapp:+${number}`,
      configuration: { url: deviceUrl, username: 'admin', password },
      profile: { name: 'Switchboard sandbox' },
    });
    if (sender.status !== 'ONLINE') throw new StartError(`The sender +${number} is ${sender.status}, not ONLINE.`);
    return sender.sid;
  }

  /**
   * Begins to register a number on containers of its own.
   * @param number digits of the phone number
   * @param configuration of the Senders API: `waba_id`, `access_token`, `mode` …
   * @returns the sender's SID
   */
  async beginRegistration(number: string, name: string, configuration: Record<string, unknown>): Promise<string> {
    const sender_id = `whatsapp:+${number}`;
    return (await this.#postSender('', { sender_id, configuration, profile: { name } })).sid;
  }

  async giveCode(senderSid: string, code: string): Promise<void> {
    await this.#postSender(`/${senderSid}`, { configuration: { verification_code: code } });
  }

  async sender(senderSid: string): Promise<Sender> {
    return await this.#request(senderSchema, `/v2/Channels/Senders/${senderSid}`);
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

  async #postSender(path: string, body: unknown): Promise<Sender> {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return await this.#request(senderSchema, `/v2/Channels/Senders${path}`, init);
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
