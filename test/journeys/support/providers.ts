import type { PlayedChannel } from '../../../simulators/provider/channel/played-channel.ts';
import { gateway } from './gateway.ts';
import { newNumber, type PhoneMessage } from './simulator.ts';

/** Calls the control API of what plays the providers. @throws with its answer when that is no success */
async function control<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${gateway.providersUrl}/control${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /control${path} was answered ${response.status}: ${text}`);
  return JSON.parse(text) as Answer;
}

interface Configuration {
  address: string;
  fields: Record<string, string>;
  secrets: Record<string, string>;
}

/** A sender on both sides: an account with its provider, registered at the gateway; and a contact who writes to it. */
export class ProviderAccount {
  /** Without scheme. */
  readonly address: string;
  /** As in messages: `line:U…`. */
  readonly sender: string;
  readonly contact: string;
  readonly secrets: string[];
  /** Headers that prove the customer. */
  readonly credentials = headers();
  readonly #played: PlayedChannel;
  readonly #configuration: Configuration;
  readonly #contactAddress: string;
  #sid = '';

  private constructor(played: PlayedChannel) {
    const { channel, cases, sample, spec } = played;
    const sampleContact = String(cases.render[0]?.message['to']);
    const isNumber = (spec['address'] as { kind: string }).kind === 'e164' && /^\d{7,}$/.test(sample.address);
    this.#played = played;
    this.address = isNumber ? newNumber() : sample.address;
    this.#contactAddress = isNumber ? newNumber() : sampleContact;
    this.sender = channel.address.format(this.address);
    this.contact = channel.address.format(this.#contactAddress);
    this.secrets = Object.values(sample.secrets);
    const { url, ...fields } = sample.fields;
    // A device is wherever its owner says; here it is the simulator.
    const own = url !== undefined && /device/.test(url) ? gateway.providersUrl : url;
    this.#configuration = {
      address: this.address,
      fields: { ...fields, ...(own !== undefined && { url: own }) },
      secrets: sample.secrets,
    };
  }

  /** Makes the account as its cases have one, and registers it through the public Senders API. */
  static async register(played: PlayedChannel, webhook: Record<string, string>): Promise<ProviderAccount> {
    const account = new ProviderAccount(played);
    await control('POST', '/senders', { channel: played.name, ...account.#configuration });
    const { status, body } = await account.#post(account.sender, account.#configuration.secrets, webhook);
    if (status !== 202) throw new Error(`The Senders API answered ${status}: ${JSON.stringify(body)}`);
    account.#sid = String(body['sid']);
    await account.#pasteWebhook(body['properties'] as { webhook_url: string } | null);
    return account;
  }

  async contactWrites(message: Record<string, unknown>): Promise<void> {
    await control('POST', this.#phonePath(), { to: this.address, ...message });
  }

  /** Whether the channel's cases show a contact who sends this type; if so, it is sent. */
  async contactMaySend(type: string): Promise<boolean> {
    try {
      await this.contactWrites({ type });
      return true;
    } catch (error) {
      if (error instanceof Error && error.message.includes('No case of')) return false;
      throw error;
    }
  }

  /** The provider ends every session; the gateway is not told. */
  async endSessions(): Promise<void> {
    await control('PATCH', `/senders/${this.#played.name}/${encodeURIComponent(this.address)}`, { sessions: false });
  }

  /** What arrived on the contact's phone; waits until there are as many as asked for, 10 s at most. */
  async contactSees(atLeast: number): Promise<PhoneMessage[]> {
    const query = `&direction=to-contact&device=${encodeURIComponent(this.address)}&wait=${atLeast}&timeoutMs=10000`;
    const { messages } = await control<{ messages: PhoneMessage[] }>('GET', this.#phonePath() + query);
    return messages;
  }

  async fetchSender(): Promise<unknown> {
    const response = await fetch(`${gateway.url}/v2/Channels/Senders/${this.#sid}`, { headers: headers() });
    return response.json();
  }

  #phonePath(): string {
    return `/contacts/${encodeURIComponent(this.#contactAddress)}/messages?channel=${this.#played.name}`;
  }

  async #post(senderId: string, secrets: Record<string, string>, webhook?: Record<string, string>) {
    const response = await fetch(`${gateway.url}/v2/Channels/Senders`, {
      method: 'POST',
      headers: headers(),
      body: JSON.stringify({
        sender_id: senderId,
        configuration: { ...this.#configuration.fields, ...secrets },
        ...(webhook && { webhook }),
      }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  /** Where no request sets it, the webhook that the Senders API shows is pasted into the provider's console. */
  async #pasteWebhook(shown: { webhook_url: string } | null): Promise<void> {
    if (shown === null) return;
    const path = `/senders/${this.#played.name}/${encodeURIComponent(this.address)}`;
    await control('PATCH', path, { webhookUrl: shown.webhook_url });
  }
}

function headers(): Record<string, string> {
  const credentials = `${gateway.accountSid}:${gateway.authToken}`;
  return {
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    'content-type': 'application/json',
  };
}
