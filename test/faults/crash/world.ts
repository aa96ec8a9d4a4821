import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sender } from '../../../lambdas/domain/sender.ts';
import { newSid } from '../../../lambdas/domain/sid.ts';
import { idLike } from '../../../simulators/provider/channel/identifiers.ts';
import {
  allChannelFiles,
  type PlayedChannel,
  playedChannel,
} from '../../../simulators/provider/channel/played-channel.ts';
import { startProviderSimulator } from '../../../simulators/provider/simulator.ts';
import { sampleOf } from '../../../simulators/whatsapp/control/samples.ts';
import { ROOT_ACCOUNT_SID } from '../../support/aws.ts';
import { type Accepted, type Account, accountOf, type Outcome } from '../account.ts';
import { fetchAgain } from '../again.ts';
import { passTime } from './clock.ts';
import { startCrashGateway } from './gateway.ts';
import { type Crash, Passage } from './invocations.ts';
import type { Scenario } from './scenarios.ts';

/** One run of a scenario. */
export interface Run {
  account: Account;
  /** How often each place to die was passed. */
  passed: ReadonlyMap<string, number>;
  /** Crashes that were asked for and did not come to pass. */
  open: readonly Crash[];
}

interface Registered {
  sender: Sender;
  played: PlayedChannel;
  secret: Record<string, unknown>;
}

/** Statuses after which nothing more is done about sending. */
const SETTLED = ['sent', 'delivered', 'read', 'failed', 'undelivered', 'canceled'];
/** How often a customer asks again when nobody answers. */
const PATIENCE = 20;
/** Longer than functions remember a secret or a sender, in ms. */
const FORGOTTEN_MS = 301_000;
const SESSION_MS = 86_400_000;
const DUE_MS = 60_000;

/** A gateway whose functions may die, and the provider of all channels with a phone for every contact. */
export async function startWorld() {
  const simulator = await startProviderSimulator({ statusDelaysMs: { sent: 0, delivered: 0, read: 0 } });
  process.env['PROVIDER_PROXY_URL'] = simulator.url;
  process.env['PROVIDER_PROXY_HOSTS'] = simulator.hosts.join(' ');
  const gateway = await startCrashGateway();
  const { SenderStore } = await import('../../../lambdas/platform/stores/senders.ts');
  const { SessionStore } = await import('../../../lambdas/platform/stores/sessions.ts');
  const { MessageStore } = await import('../../../lambdas/platform/stores/messages.ts');
  const { WindowStore } = await import('../../../lambdas/platform/stores/windows.ts');
  const table = process.env['TABLE_NAME'] ?? '';
  const messages = new MessageStore(table);
  const senders = new SenderStore(table);
  const files = await startFiles();
  const registered = new Map<string, Registered>();
  let count = 0;

  async function control<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetchAgain(`${simulator.url}/control${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} /control${path} was answered ${response.status}: ${text}`);
    return JSON.parse(text) as Answer;
  }

  /** A sender, with its provider and in the gateway. There is one for all scenarios that need the same. */
  async function register(scenario: Scenario): Promise<Registered> {
    const key = JSON.stringify([scenario.channel, scenario.rate, scenario.senderLeaves]);
    const known = registered.get(key);
    if (known) return known;
    const played = playedOf(scenario.channel);
    const { fields, secrets } = played.sample;
    const address = newAddress(played, played.sample.address);
    const own = fields['url']?.includes('device') ? { ...fields, url: simulator.url } : fields;
    await control('POST', '/senders', { channel: scenario.channel, address, fields: own, secrets });
    const now = Date.now();
    const sid = newSid('XE', now);
    const sender: Sender = {
      sid,
      accountSid: ROOT_ACCOUNT_SID,
      channel: scenario.channel,
      address,
      status: 'ONLINE',
      fields: own,
      secretId: `senders/${sid}`,
      webhookSecretHash: '',
      webhook: { callbackMethod: 'POST', fallbackMethod: 'POST' },
      dateCreated: new Date(now).toISOString(),
      dateUpdated: new Date(now).toISOString(),
      ...(scenario.rate && { rate: scenario.rate }),
    };
    const secret = { secrets, webhookSecret: 'w' };
    gateway.aws.secrets.store.create(sender.secretId, JSON.stringify(secret));
    const entry = { sender, played, secret };
    registered.set(key, entry);
    await senders.create(sender);
    return entry;
  }

  const sessionOf = ({ secretId }: Sender) =>
    (JSON.parse(gateway.aws.secrets.store.read(secretId, {}).version.secretString ?? '{}') as { session?: object })
      .session;

  /** Gives the sender the session that a scenario begins with. @returns stores one as another function would */
  async function setSession({ session, renewingMs }: Scenario, { sender, secret }: Registered): Promise<() => void> {
    if (!session) return () => {};
    const last = sessionOf(sender);
    const until = (ms: number) => new Date(Date.now() + FORGOTTEN_MS + ms).toISOString();
    const put = (stored: object | undefined) =>
      gateway.aws.secrets.store.put(sender.secretId, JSON.stringify({ ...secret, ...(stored && { session: stored }) }));
    if (session === 'refused') put({ token: 'unknown-to-the-provider', expiresAt: until(SESSION_MS) });
    else put(session === 'due' && last ? { ...last, expiresAt: until(DUE_MS) } : undefined);
    gateway.endDeliver();
    passTime(FORGOTTEN_MS);
    if (renewingMs !== undefined) await new SessionStore(table).lease(sender.sid, Date.now(), renewingMs);
    return () => {
      if (session === 'elsewhere' && last && !sessionOf(sender)) put({ ...last, expiresAt: until(SESSION_MS) });
    };
  }

  async function phone(channel: string, contact: string): Promise<string[]> {
    const path = `/contacts/${encodeURIComponent(contact)}/messages?channel=${channel}&direction=to-contact`;
    // What was accepted is on its way to the phone for a moment.
    await control('POST', '/clock', { advanceMs: 1 });
    const shown = await control<{ messages: { type: string; text?: string }[] }>('GET', path);
    return shown.messages.map(({ type, text }) => text ?? type);
  }

  const outcomeOf = ({ sid }: { sid: string }) => messages.get(ROOT_ACCOUNT_SID, sid);

  /** Tells the gateway that a message was delivered as soon as it has, though the channel has not answered yet. */
  function watchFirstStatus({ channel }: Scenario, [message]: readonly Accepted[]): () => void {
    let isOver = false;
    const watch = async () => {
      while (!isOver && message) {
        const shown = await phone(channel, message.contact);
        if (shown.some((text) => text.includes(message.words[0] ?? ''))) {
          const entry = { at: new Date(Date.now()).toISOString(), event: 'delivered', by: 'channel' as const };
          await messages.advance({ accountSid: ROOT_ACCOUNT_SID, sid: message.sid }, 'delivered', entry);
          return;
        }
      }
    };
    void watch();
    return () => {
      isOver = true;
    };
  }

  /** Runs a scenario with fresh contacts; functions die at the crashes named. */
  async function run(scenario: Scenario, crashes: readonly Crash[] = []): Promise<Run> {
    const entry = await register(scenario);
    const { sender, played } = entry;
    const passage = new Passage(crashes);
    const contacts = new Map<string, string>();
    for (const letter of new Set(scenario.messages.toLowerCase())) {
      contacts.set(letter, newAddress(played, String(played.cases.render[0]?.message['to'])));
    }
    const renewElsewhere = await setSession(scenario, entry);
    if (scenario.senderLeaves && !(await senders.get(ROOT_ACCOUNT_SID, sender.sid))) await senders.create(sender);
    if (played.channel.window && !scenario.isWindowClosed) {
      for (const contact of contacts.values()) await new WindowStore(table).open(sender.sid, contact, Date.now());
    }
    await control('DELETE', '/faults');
    for (const rule of scenario.faults ?? []) {
      const match = { ...(rule as { match?: object }).match, device: sender.address };
      await control('POST', '/faults', { ...rule, match });
    }
    if (scenario.hasPoison) await gateway.poison();

    const accepted: Accepted[] = [];
    for (const letter of scenario.messages) {
      const contact = contacts.get(letter.toLowerCase()) ?? '';
      accepted.push(await accept(scenario, entry, { contact, isLong: letter !== letter.toLowerCase() }, passage));
    }
    if (scenario.senderLeaves) await senders.remove(sender);
    const stopWatching = scenario.statusComesFirst ? watchFirstStatus(scenario, accepted) : () => {};
    const doubtful = new Set<string>();
    await gateway.drain(passage, {
      async isOver() {
        const found = await Promise.all(accepted.map(outcomeOf));
        return found.every((message) => message && SETTLED.includes(message.status));
      },
      isSweptAtEnd: scenario.rate !== undefined,
      onIdle: renewElsewhere,
      async onDeath() {
        for (const message of accepted) {
          const recorded = (await outcomeOf(message))?.channelMessageIds.length ?? 0;
          const shown = (await phone(scenario.channel, message.contact)).flatMap((text) => text.split(/\s/));
          for (const word of message.words.slice(recorded)) if (shown.includes(word)) doubtful.add(word);
        }
      },
    });
    stopWatching();

    const outcomes = new Map<string, Outcome>();
    for (const message of accepted) {
      const found = await outcomeOf(message);
      if (found) outcomes.set(message.sid, found);
    }
    const phones = new Map<string, string[]>();
    for (const contact of contacts.values()) phones.set(contact, await phone(scenario.channel, contact));
    const callbacks = await gateway.callbacks();
    const account = accountOf({
      accepted,
      outcomes,
      phones,
      told: ({ sid }) => {
        // Statuses that the channel reports are announced by another function, which is not here.
        const reported = scenario.statusComesFirst ? ['delivered'] : [];
        const own = callbacks.filter(({ messageSid }) => messageSid === sid);
        return [...own.map(({ params }) => params['MessageStatus'] ?? ''), ...reported];
      },
      mayRepeat: (_, word) => scenario.losesAnswers === true || doubtful.has(word),
    });
    return { account, passed: passage.passed, open: passage.open };
  }

  /** Sends a message through the API, again with the same key if nobody answers. */
  async function accept(
    { hasMedia, validityPeriod }: Scenario,
    { sender, played }: Registered,
    { contact, isLong }: { contact: string; isLong: boolean },
    passage: Passage,
  ): Promise<Accepted> {
    const { channel } = played;
    count += 1;
    const first = `m${count}`;
    const filler = isLong ? ' word'.repeat(Math.ceil((channel.limits.textLength * 1.3) / 5)) : '';
    const form: [string, string][] = [
      ['From', channel.address.format(sender.address)],
      ['To', channel.address.format(contact)],
      ['Body', isLong ? `${first}${filler} ${first}b` : first],
      ['StatusCallback', 'https://customer.example/status'],
    ];
    if (hasMedia) form.push(['MediaUrl', `${files.url}/picture.png`]);
    if (validityPeriod !== undefined) form.push(['ValidityPeriod', String(validityPeriod)]);
    const request = {
      method: 'POST',
      path: `/2010-04-01/Accounts/${ROOT_ACCOUNT_SID}/Messages.json`,
      headers: { 'I-Twilio-Idempotency-Token': `${sender.sid}-${first}` },
      form,
    };
    for (let tries = 0; tries < PATIENCE; tries += 1) {
      const answer = await gateway.request(request, passage);
      if (answer === 'dead' || answer.status >= 500) {
        passTime(1_000);
        continue;
      }
      if (answer.status !== 201) throw new Error(`The API answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      const text = isLong ? [first, `${first}b`] : [first];
      return { sid: String(answer.body['sid']), contact, words: hasMedia ? ['image', ...text] : text };
    }
    throw new Error('The API never accepted the message.');
  }

  return {
    run,
    async stop(): Promise<void> {
      await simulator.stop();
      await files.stop();
      await gateway.stop();
    },
  };
}

const playedChannels = new Map<string, PlayedChannel>();

function playedOf(name: string): PlayedChannel {
  const known = playedChannels.get(name);
  if (known) return known;
  const files = allChannelFiles().find((channel) => channel.name === name);
  if (!files) throw new Error(`There is no channel ${name} that can be played.`);
  const played = playedChannel(files);
  playedChannels.set(name, played);
  return played;
}

/** An address that nobody has, in the manner of another. */
function newAddress({ spec }: PlayedChannel, sample: string): string {
  const { kind } = spec['address'] as { kind: string };
  if (kind === 'e164') return `1555${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`;
  const isNumbered = (sample.match(/\d/g) ?? []).length > 7;
  return isNumbered ? sample.replace(/\d/g, () => String(Math.floor(Math.random() * 10))) : idLike(sample);
}

/** A customer's server with a picture. */
async function startFiles() {
  const { mimeType, content } = sampleOf('image');
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': mimeType }).end(content));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
