import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { CallbackReceiver } from '../../journeys/support/callbacks.ts';
import { type Accepted, type Account, accountOf, type Outcome } from '../account.ts';

/** A sender with a simulated device of its own. */
export interface BenchSender {
  sid: string;
  /** Digits only. */
  number: string;
}

/** What a flow needs of a gateway and of what is around it. */
export interface FlowBench {
  customer: CallbackReceiver;
  /** The path of the root account in the API. */
  account: string;
  /** A number that nobody else has. */
  newNumber(): string;
  createSender(): Promise<BenchSender>;
  /** Calls the devices' control API. */
  control<Answer>(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Calls the gateway with the root account's credentials. */
  call(
    method: string,
    path: string,
    body?: URLSearchParams,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Shows functions again at once what they failed at. */
  redeliver(): Promise<unknown>;
  /** Looks for what was stored and not queued, and for what waits. */
  sweep(): Promise<unknown>;
}

export interface FlowOptions {
  senders: number;
  /** Contacts of each sender. */
  contacts: number;
  /** Messages to each contact. */
  messages: number;
  /** How long a customer waits before the next message to the same contact, in ms. */
  everyMs: number;
  /** Where callbacks go, if not to the bench's customer. */
  statusCallback?: string;
  /** Seconds. */
  validityPeriod?: number;
  /** What the customer's server was told; by default what the bench's was. */
  received?: () => readonly { parameters: Record<string, string> }[];
}

interface Conversation {
  sender: BenchSender;
  /** Digits of the contact's number. */
  contact: string;
}

/** A message as the API shows it. */
interface Shown {
  status: string;
  errorCode: number | null;
  to: string;
  body: string;
}

/** Longer than any trouble that a run makes, in ms. */
const PATIENCE_MS = 150_000;
const LOOK_EVERY_MS = 500;
const SWEEP_EVERY_MS = 3_000;
const TAKEN_OR_NOT = ['delivered', 'read', 'failed', 'undelivered'];
/** The classes of answers that say for certain that a message was not taken. */
const REFUSALS = ['rate limit', 'rate-limited', 'retry', 'auth'];

/** Messages of customers who do not stop for trouble: what is not accepted is sent again, with the same key. */
export class Flow {
  readonly accepted: Accepted[] = [];
  readonly conversations: readonly Conversation[];
  readonly #bench: FlowBench;
  readonly #options: FlowOptions;

  private constructor(bench: FlowBench, conversations: readonly Conversation[], options: FlowOptions) {
    this.#bench = bench;
    this.conversations = conversations;
    this.#options = options;
  }

  /** Senders of their own, whose contacts have all written: anything may be sent to them. */
  static async prepare(bench: FlowBench, options: FlowOptions): Promise<Flow> {
    const conversations: Conversation[] = [];
    for (let index = 0; index < options.senders; index += 1) {
      const sender = await bench.createSender();
      for (let count = 0; count < options.contacts; count += 1) {
        conversations.push({ sender, contact: bench.newNumber() });
      }
    }
    await Promise.all(
      conversations.map(async ({ sender, contact }) => {
        await bench.control('POST', `/contacts/${contact}/messages`, { to: sender.number, text: 'Hi' });
        const path = `${bench.account}/Messages.json?From=${encodeURIComponent(`whatsapp:+${contact}`)}`;
        const hasWritten = async () => {
          const { body } = await bench.call('GET', path);
          return (body['messages'] as unknown[]).length > 0;
        };
        while (!(await hasWritten())) await delay(50);
      }),
    );
    return new Flow(bench, conversations, options);
  }

  get senders(): BenchSender[] {
    return [...new Set(this.conversations.map(({ sender }) => sender))];
  }

  /** Sends everything, to all contacts at the same time and to each one after the other. */
  async send(): Promise<void> {
    const { messages, everyMs } = this.#options;
    await Promise.all(
      this.conversations.map(async (conversation) => {
        for (let count = 0; count < messages; count += 1) {
          await this.#post(conversation);
          await delay(everyMs);
        }
      }),
    );
  }

  /**
   * Counts as accepted what was stored of messages that were sent and never answered.
   * @returns how many there are
   */
  async adopt(): Promise<number> {
    const known = new Set(this.accepted.map(({ sid }) => sid));
    const found = [...(await this.#statuses())].filter(([sid]) => !known.has(sid));
    for (const [sid, { to, body }] of found.sort(([left], [right]) => (left < right ? -1 : 1))) {
      this.accepted.push({ sid, contact: to.replace(/\D/g, ''), words: [body] });
    }
    return found.length;
  }

  /** Sends one message to each contact, without asking again. */
  async sendOnce(): Promise<void> {
    await Promise.all(this.conversations.map((conversation) => this.#post(conversation, 0)));
  }

  async #post({ sender, contact }: Conversation, patienceMs = PATIENCE_MS): Promise<void> {
    const word = `w${randomUUID().slice(0, 8)}`;
    const { statusCallback = this.#bench.customer.url('/status'), validityPeriod } = this.#options;
    const form = new URLSearchParams({
      From: `whatsapp:+${sender.number}`,
      To: `whatsapp:+${contact}`,
      Body: word,
      StatusCallback: statusCallback,
      ...(validityPeriod !== undefined && { ValidityPeriod: String(validityPeriod) }),
    });
    const headers = { 'I-Twilio-Idempotency-Token': word };
    const end = Date.now() + patienceMs;
    for (;;) {
      const answer = await this.#bench
        .call('POST', `${this.#bench.account}/Messages.json`, form, headers)
        .catch(() => undefined);
      if (answer?.status === 201) {
        this.accepted.push({ sid: String(answer.body['sid']), contact, words: [word] });
        return;
      }
      if (answer && answer.status < 500 && answer.status !== 429) {
        throw new Error(`The API answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      }
      if (patienceMs === 0) return;
      if (Date.now() > end) throw new Error('The API accepted nothing any more.');
      await delay(200);
    }
  }

  /**
   * Waits until everything has come to rest, and draws up the account. What failed is shown to functions again at once, as the end of its
   * visibility timeout would do, and the sweep comes every few seconds.
   */
  async settle(): Promise<Account> {
    const end = Date.now() + PATIENCE_MS;
    let sweepAt = Date.now() + SWEEP_EVERY_MS;
    while (Date.now() < end && !(await this.#isSettled())) {
      await this.#bench.redeliver();
      if (Date.now() >= sweepAt) {
        // One that fails is tried again: it may itself be in trouble.
        await this.#bench.sweep().catch(() => undefined);
        sweepAt = Date.now() + SWEEP_EVERY_MS;
      }
      await delay(LOOK_EVERY_MS);
    }
    return await this.#account();
  }

  async #isSettled(): Promise<boolean> {
    const statuses = await this.#statuses();
    return this.accepted.every((message) => {
      const status = statuses.get(message.sid)?.status ?? '';
      return TAKEN_OR_NOT.includes(status) && this.told(message).includes(status);
    });
  }

  /** The statuses of all messages of the account. */
  async #statuses(): Promise<Map<string, Shown>> {
    const found = new Map<string, Shown>();
    for (const { number } of this.senders) {
      let path: string | undefined = `${this.#bench.account}/Messages.json?PageSize=1000&From=whatsapp:%2B${number}`;
      while (path) {
        const { body } = await this.#bench.call('GET', path);
        for (const { sid, status, error_code, to, body: text } of (body['messages'] ?? []) as Record<
          string,
          unknown
        >[]) {
          const errorCode = error_code as number | null;
          found.set(String(sid), { status: String(status), errorCode, to: String(to), body: String(text) });
        }
        path = (body['next_page_uri'] as string | null | undefined) ?? undefined;
      }
    }
    return found;
  }

  /** Each status once: a callback may come again, with the same token. */
  told({ sid }: Accepted): string[] {
    const { received = () => this.#bench.customer.received } = this.#options;
    const own = received().filter(({ parameters }) => parameters['MessageSid'] === sid);
    return [...new Set(own.map(({ parameters }) => parameters['MessageStatus'] ?? ''))];
  }

  /** What arrived on a contact's phone, in order. */
  async #phone(contact: string): Promise<string[]> {
    const path = `/contacts/${contact}/messages?direction=to-contact`;
    const { messages } = await this.#bench.control<{ messages: { text?: string }[] }>('GET', path);
    return messages.map(({ text }) => text ?? '');
  }

  async #account(): Promise<Account> {
    const statuses = await this.#statuses();
    const outcomes = new Map<string, Outcome>();
    for (const { sid } of this.accepted) {
      const status = statuses.get(sid);
      const { body } = await this.#bench.call('GET', `${this.#bench.account}/Messages/${sid}/Timeline.json`);
      if (status) outcomes.set(sid, { ...status, timeline: (body['timeline'] ?? []) as Outcome['timeline'] });
    }
    const phones = new Map<string, string[]>();
    for (const { contact } of this.conversations) phones.set(contact, await this.#phone(contact));
    return accountOf({
      accepted: this.accepted,
      outcomes,
      phones,
      told: (message) => this.told(message),
      mayRepeat: ({ sid }) => (outcomes.get(sid)?.timeline ?? []).some(isDoubt),
    });
  }
}

/** Whether nobody could know any more what had become of an attempt: it was cut off, or its answer did not come. */
function isDoubt({ event, detail }: Outcome['timeline'][number]): boolean {
  const { reason = '' } = (detail ?? {}) as { reason?: string };
  return event === 'in-doubt' || (event === 'retry' && !REFUSALS.includes(reason));
}
