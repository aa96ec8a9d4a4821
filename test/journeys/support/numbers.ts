import { vi } from 'vitest';
import { databasePrefix, mediaDirectory } from '../../../lambdas/domain/device-names.ts';
import { createClient } from './client.ts';
import { gateway } from './gateway.ts';
import { local } from './local.ts';
import type { ShownExecution } from './number-actions.ts';
import { control, newNumber, Phone } from './simulator.ts';

/** As the Graph simulator has it. */
const APP_SECRET = 'sandbox-app-secret';
/** What every simulated device is sent. */
const DEVICE_CODE = '123456';
const WRONG_CODE = '000000';

export type Sender = Awaited<ReturnType<NumberOwner['fetch']>>;

/** Somebody with a phone number that is in no business account yet, who has it registered through Twilio's SDK. */
export class NumberOwner {
  /** Digits only. */
  readonly number = newNumber();
  /** As in messages: `whatsapp:+15550001111`. */
  readonly address = `whatsapp:+${this.number}`;
  readonly wabaId = `7${this.number}`;
  readonly name = `Shop ${this.number}`;
  sid = '';
  readonly #client = createClient();
  #accessToken = '';
  #isAtMeta = false;

  private constructor() {}

  /** Makes the business account, and a token that reaches it alone. */
  static async create(): Promise<NumberOwner> {
    const owner = new NumberOwner();
    await owner.graph('POST', '/accounts', { id: owner.wabaId });
    const { token } = await owner.graph<{ token: string }>('POST', '/tokens', { wabaIds: [owner.wabaId] });
    owner.#accessToken = token;
    return owner;
  }

  /** Calls the control API of what plays Meta. */
  graph<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    return control(method, path, body, gateway.graphUrl);
  }

  /** @param configuration beside the account and its token: `{ mode: 'single' }`, or `atMeta` */
  async register(configuration: Record<string, unknown>, name = this.name) {
    this.#isAtMeta = 'appSecret' in configuration;
    const created = await this.#client.messaging.v2.channelsSenders.create({
      senderId: this.address,
      configuration: { wabaId: this.wabaId, accessToken: this.#accessToken, ...configuration },
      profile: { name },
    } as never);
    this.sid = created.sid;
    return created;
  }

  fetch() {
    return this.#client.messaging.v2.channelsSenders(this.sid).fetch();
  }

  update(configuration: Record<string, unknown>) {
    return this.#client.messaging.v2.channelsSenders(this.sid).update({ configuration } as never);
  }

  /** Senders that the account has. */
  list() {
    return this.#client.messaging.v2.channelsSenders.list({ channel: 'whatsapp' } as never);
  }

  /** Deletes the sender and sees it removed. */
  async remove(): Promise<ShownExecution> {
    await this.#client.messaging.v2.channelsSenders(this.sid).remove();
    return await local.over(this.sid);
  }

  /** Waits until the code is waited for. @param times for the how manieth time */
  async untilCodeIsWanted(times = 1): Promise<Sender> {
    await local.reached(this.sid, 'WaitForCode', times);
    // The state is entered a moment before the sender says so.
    return await vi.waitUntil(
      async () => {
        const sender = await this.fetch();
        return sender.status === 'PENDING_VERIFICATION' ? sender : undefined;
      },
      { timeout: 10_000, interval: 50 },
    );
  }

  /** Gives a code, in the way that it is written in the text message. */
  giveCode(code: string) {
    return this.update({ verificationCode: code });
  }

  giveWrongCode() {
    return this.giveCode(WRONG_CODE);
  }

  /** The codes that Meta sent to the phone, the newest last. */
  async codes(wanted = 1): Promise<{ text: string; method: string }[]> {
    const path = `/numbers/${this.number}/codes?wait=${wanted}`;
    return (await this.graph<{ codes: { text: string; method: string }[] }>('GET', path)).codes;
  }

  /** Reads the code off the phone and gives it. */
  async giveRightCode() {
    return await this.giveCode(this.#isAtMeta ? ((await this.codes()).at(-1)?.text ?? '') : DEVICE_CODE);
  }

  /** Registers the number from nothing to online, with the code at once. */
  async registerWithCode(configuration: Record<string, unknown>): Promise<Sender> {
    await this.register(configuration);
    return await this.answerCode();
  }

  /** From the code to the end. */
  async answerCode(): Promise<Sender> {
    await this.untilCodeIsWanted();
    await this.giveRightCode();
    await local.over(this.sid);
    return await this.fetch();
  }

  /** A phone in the network that the number sends into; its owner has written to the number. */
  async contact(): Promise<Phone> {
    const phone = this.#isAtMeta ? await this.#cloudContact() : new Phone(await this.#ownNetwork());
    await phone.write({ to: this.number, text: 'Hello?' });
    return phone;
  }

  send(to: string, body: string, statusCallback?: string) {
    return this.#client.messages.create({ from: this.address, to, body, ...(statusCallback && { statusCallback }) });
  }

  /** How many containers the number has of each role. */
  async roles(): Promise<Record<string, number>> {
    const byRole = Map.groupBy(await local.tasks(this.sid), ({ role = '' }) => role);
    return Object.fromEntries([...byRole].map(([role, tasks]) => [role, tasks.length]));
  }

  /** What there is of the sender, anywhere: resources, secret, items of the table that do not expire by themselves. */
  async traces(): Promise<string[]> {
    const { secrets } = await local.resources();
    const items = (await local.items())
      .filter(({ ttl }) => ttl === undefined)
      .map(({ pk, sk }) => `${pk} ${sk}`)
      .filter((key) => [this.sid, this.number].some((name) => key.includes(name)));
    return [...(await this.containers()), ...secrets.filter((name) => name.includes(this.sid)), ...items];
  }

  /**
   * What the gateway has made on AWS for the number's containers. An access point's own directory does not count: once empty
   * it is all that EFS keeps, and nobody can remove it from outside.
   */
  async containers(): Promise<string[]> {
    const { secrets: _, ...resources } = await local.resources();
    const names = [this.sid.toLowerCase(), databasePrefix(this.sid)];
    return Object.entries(resources).flatMap(([kind, found]: [string, string[]]) =>
      found
        .filter((name) => names.some((part) => name.toLowerCase().includes(part)))
        .filter((name) => kind !== 'files' || !name.endsWith(mediaDirectory(this.sid)))
        .map((name) => `${kind}: ${name}`),
    );
  }

  /** Every number on containers has a simulated network of its own, behind its web. */
  async #ownNetwork() {
    const web = (await local.tasks(this.sid)).find(({ role }) => role === 'web');
    return { simulatorUrl: web?.url };
  }

  /** What plays the providers is told what Meta would know: the number, its token, and where its webhooks go. */
  async #cloudContact(): Promise<Phone> {
    const item = (await local.items()).find(({ sid }) => sid === this.sid) as Record<string, unknown>;
    const { secrets } = JSON.parse(await local.secret(String(item['secretId'])));
    const subscriptions = await fetch(`${gateway.graphUrl}/v25.0/${this.wabaId}/subscribed_apps`, {
      headers: { authorization: `Bearer ${this.#accessToken}` },
    });
    const { data } = (await subscriptions.json()) as { data: { override_callback_uri: string }[] };
    const channel = 'whatsapp-cloud';
    const fields = item['fields'];
    const webhookUrl = data[0]?.override_callback_uri;
    await control(
      'POST',
      '/senders',
      { channel, address: this.number, fields, secrets, webhookUrl },
      gateway.providersUrl,
    );
    return new Phone({ simulatorUrl: gateway.providersUrl, channel });
  }
}

/** What is given for a number that Meta hosts, beside its account. */
export const atMeta = { appSecret: APP_SECRET };
