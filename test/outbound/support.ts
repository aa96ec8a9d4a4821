import { afterAll, beforeEach } from 'vitest';
import type { Channel, HttpRequest, OutboundMessage, Outcome } from '../../lambdas/channels/types.ts';
import type { Message } from '../../lambdas/domain/message.ts';
import type { Sender } from '../../lambdas/domain/sender.ts';
import { newSid } from '../../lambdas/domain/sid.ts';
import type { CallbackTask, DeadLetter, OutboundTask } from '../../lambdas/domain/tasks.ts';
import { ROOT_ACCOUNT_SID, startAws } from '../support/aws.ts';
import { startProvider } from '../support/provider.ts';

const aws = await startAws();
const provider = await startProvider();
const { deliverMessage } = await import('../../lambdas/outbound/deliver-message.ts');
const { LEASE_MS } = await import('../../lambdas/outbound/attempt.ts');
const { CredentialSource } = await import('../../lambdas/outbound/credentials.ts');
const { ProviderGate } = await import('../../lambdas/outbound/provider-gate.ts');
const { BacklogStore } = await import('../../lambdas/platform/stores/backlogs.ts');
const { MessageStore } = await import('../../lambdas/platform/stores/messages.ts');
const { MessageIdStore } = await import('../../lambdas/platform/stores/message-ids.ts');
const { PacingStore } = await import('../../lambdas/platform/stores/pacing.ts');
const { SenderStore } = await import('../../lambdas/platform/stores/senders.ts');
const { SessionStore } = await import('../../lambdas/platform/stores/sessions.ts');
const { SenderSecrets } = await import('../../lambdas/platform/sender-secrets.ts');
const { SentMessageStore } = await import('../../lambdas/platform/stores/sent-messages.ts');
const { WindowStore } = await import('../../lambdas/platform/stores/windows.ts');

const table = process.env['TABLE_NAME'] ?? '';

type Dependencies = Parameters<typeof deliverMessage>[1];

export const START = Date.parse('2026-03-01T12:00:00Z');
export const CONTACT = '15552223333';
export const RATE = { perSecond: 20, burst: 60 };

/** What the provider answers with outcomes as they are. */
export const accepted = (id = 'id-1') => ({ body: { outcome: 'accepted', id } });
export const failed = (outcome: Partial<Extract<Outcome, { outcome: 'failed' }>>) => ({
  body: { outcome: 'failed', class: 'retry', twilioCode: 63012, scope: 'contact', ...outcome },
});
export const events = (message: Message) => message.timeline.map(({ event }) => event);

/** Delivery against a provider and a table in this process, with a clock that stands still unless it is moved. */
class Delivery {
  readonly aws = aws;
  readonly provider = provider;
  readonly secrets = new SenderSecrets('senders/');
  readonly messages = new MessageStore(table);
  readonly senders = new SenderStore(table);
  readonly windows = new WindowStore(table);
  readonly backlogs = new BacklogStore(table);
  readonly messageIds = new MessageIdStore(table);
  readonly sentMessages = new SentMessageStore(table);
  leaseMs = LEASE_MS;
  now = START;
  announced: CallbackTask[] = [];
  buried: { letter: DeadLetter; key: string }[] = [];
  gate = openGate();
  /** This test's own. */
  sender = newSender(this.secrets);

  async reset(): Promise<void> {
    this.now = START;
    this.leaseMs = LEASE_MS;
    this.announced = [];
    this.buried = [];
    this.gate = openGate();
    provider.requests.length = 0;
    provider.script(accepted());
    this.sender = newSender(this.secrets);
    await this.senders.create(this.sender);
    await this.secrets.create(this.sender.secretId, { secrets: {}, webhookSecret: 'w' });
  }

  /** As another function sees it. */
  pacing() {
    return new PacingStore(table);
  }

  credentials() {
    return new CredentialSource({ secrets: this.secrets, sessions: new SessionStore(table), allowLoopback: true });
  }

  statuses(): (string | undefined)[] {
    return this.announced.map(({ params }) => params['MessageStatus']);
  }

  /** A message as it was accepted, in the table. */
  async queue(overrides: Partial<Message> = {}): Promise<Message> {
    const at = new Date(this.now).toISOString();
    const message: Message = {
      sid: newSid('SM', this.now),
      accountSid: ROOT_ACCOUNT_SID,
      senderSid: this.sender.sid,
      channel: 'stub',
      direction: 'outbound-api',
      from: this.sender.address,
      to: CONTACT,
      body: 'Hi',
      media: [],
      status: 'queued',
      statusCallback: 'https://customer.example/status',
      dateCreated: at,
      dateUpdated: at,
      validUntil: new Date(this.now + 3_600_000).toISOString(),
      attempt: 0,
      channelMessageIds: [],
      timeline: [{ at, event: 'queued', by: 'api' }],
      ...overrides,
    };
    await this.messages.insert(message);
    return message;
  }

  task(message: Message): OutboundTask {
    return {
      accountSid: message.accountSid,
      senderSid: message.senderSid,
      messageSid: message.sid,
      ...(message.validUntil !== undefined && { validUntil: Date.parse(message.validUntil) }),
    };
  }

  /** One delivery, as by a function of its own. */
  deliver(message: Message, channel = this.channel(), others: Partial<Dependencies> = {}) {
    return deliverMessage(this.task(message), { ...this.dependencies(channel), ...others });
  }

  dependencies(channel: Channel): Dependencies {
    const { messages, senders, windows, backlogs, messageIds, sentMessages } = this;
    return {
      ...{ messages, senders, windows, backlogs, messageIds, sentMessages },
      pacing: this.pacing(),
      credentials: this.credentials(),
      gate: this.gate,
      channel: () => channel,
      announce: async (task) => {
        this.announced.push(task);
      },
      bury: async (letter, key) => {
        this.buried.push({ letter, key });
      },
      allowLoopback: true,
      leaseMs: this.leaseMs,
      now: () => this.now,
    };
  }

  async stored(message: Message): Promise<Message> {
    const found = await this.messages.get(message.accountSid, message.sid);
    if (!found) throw new Error('the message is gone');
    return found;
  }

  /** What the channel reports of a message, as it is written when its webhook comes. */
  async reported(message: Message, status: 'sent' | 'delivered' | 'failed'): Promise<void> {
    const entry = { at: new Date(this.now).toISOString(), event: status, by: 'channel' as const };
    await this.messages.advance(message, status, entry);
  }

  /** A channel whose provider answers with outcomes. Unless told otherwise it plans what it renders, without steps. */
  channel(overrides: Partial<Channel> = {}): Channel {
    const channel: Channel = {
      name: 'stub',
      address: { scheme: 'stub:', parse: (text) => text, format: (address) => `stub:+${address}` },
      limits: { textLength: 100, rate: RATE },
      window: undefined,
      inDoubt: { wait: 0, resend: true },
      validityPeriod: 3_600,
      needsIdPointer: true,
      hasWatermarks: false,
      hasDeletions: false,
      webhooksNeedSecrets: false,
      webhookAnswer: { status: 200, headers: {}, body: '' },
      registration: { fields: {}, secrets: {}, setsWebhook: true },
      login: undefined,
      download: undefined,
      downloaded: undefined,
      supports: async () => undefined,
      plan: async (...given) =>
        (await channel.render(...given)).map((request) => ({ steps: [], request: () => request })),
      render: async (message: OutboundMessage): Promise<HttpRequest[]> =>
        (message.body ?? '')
          .split('|')
          .map((part) => ({ method: 'POST', url: `${provider.url}/send`, headers: {}, body: part })),
      interpret: async ({ body }) => JSON.parse(body) as Outcome,
      refusal: async () => undefined,
      receive: async () => ({ kind: 'events', events: [] }),
      connect: async () => [],
      disconnect: async () => [],
      ...overrides,
    };
    return channel;
  }
}

/** A gate to hosts that are all well. */
const openGate = () => new ProviderGate({ waitFor: async () => 0, report: async () => undefined });

function newSender(secrets: { idFor(sid: string): string }): Sender {
  const sid = newSid('XE', START);
  return {
    sid,
    accountSid: ROOT_ACCOUNT_SID,
    channel: 'stub',
    address: sid.slice(2),
    status: 'ONLINE',
    fields: {},
    secretId: secrets.idFor(sid),
    webhookSecretHash: '',
    webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
    dateCreated: new Date(START).toISOString(),
    dateUpdated: new Date(START).toISOString(),
  };
}

/** Call it once in a test file. */
export function startDelivery(): Delivery {
  const delivery = new Delivery();
  beforeEach(() => delivery.reset());
  afterAll(() => Promise.all([aws.stop(), provider.stop()]));
  return delivery;
}
