import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ChannelEvent,
  type HttpAnswer,
  type HttpRequest,
  outboundMessageSchema,
  type SenderContext,
  type Session,
} from '../../../lambdas/channels/types.ts';
import { allChannelFiles, playedChannel } from '../../../simulators/provider/channel/played-channel.ts';
import type { SeenRequest } from '../../../simulators/provider/laboratory.ts';
import type { ProviderSimulator } from '../../../simulators/provider/simulator.ts';
import { control, pigeon, sendThrough, startAll, startReceiver } from './support.ts';

/*
 * Every channel against its own provider: what the engine sends must be taken, and what the provider sends must be understood.
 * A channel is added by its spec and its cases alone.
 */

const channels = [...allChannelFiles(), pigeon()].map((files) => ({ name: files.name, files }));

/** What becomes of a text, as far as each channel tells. */
const REPORTED: Record<string, string[]> = {
  instagram: ['read'],
  line: [],
  messenger: ['delivered', 'read'],
  pigeon: [],
  rcs: ['delivered', 'read'],
  sms: ['sent', 'delivered'],
  viber: ['delivered', 'read'],
  wechat: [],
  whatsapp: ['sent', 'delivered', 'read'],
  'whatsapp-cloud': ['sent', 'delivered', 'read'],
};

const ACCOUNT_SID = `AC${'0'.repeat(32)}`;
let messageCount = 0;
const lastSid = () => `SM${String(messageCount).padStart(32, '0')}`;
const newSid = () => {
  messageCount += 1;
  return lastSid();
};

let simulator: ProviderSimulator;
let send: (request: HttpRequest) => Promise<HttpAnswer>;

beforeAll(async () => {
  simulator = await startAll();
  send = await sendThrough(simulator);
});

afterAll(() => simulator.stop());

describe.each(channels)('the provider of $name', ({ name, files }) => {
  const { channel, cases, spec } = playedChannel(files);
  const sender: SenderContext = { ...cases.sender };
  const messages = cases.render.filter(({ refused }) => refused === undefined);
  const contact = String(messages[0]?.message['to']);
  const contactPath = `/contacts/${encodeURIComponent(contact)}`;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  const events: ChannelEvent[] = [];
  let session: Session | undefined;

  beforeAll(async () => {
    // The device's own simulator plays it better; but a host that a field names must be found too.
    if (sender.fields['url']?.includes('device')) sender.fields = { ...sender.fields, url: simulator.url };
    receiver = await startReceiver(async (webhook) => {
      const reading = await channel.receive(webhook, sender);
      if (reading.kind === 'events') events.push(...reading.events);
      if (reading.kind === 'handshake') {
        if (reading.confirm) expect((await send(reading.confirm)).status).toBe(200);
        return reading.answer;
      }
      return { status: reading.kind === 'events' ? 200 : 400, body: '' };
    });
    const created = await control(simulator, 'POST', '/senders', { channel: name, ...sender });
    expect(created.status, JSON.stringify(created.json)).toBe(201);
    session = await logIn(sender);
  });

  afterAll(() => receiver.stop());

  async function logIn(context: SenderContext): Promise<Session | undefined> {
    if (!channel.login) return undefined;
    const given = await channel.login.given?.(context, Date.now());
    if (given) return given.session;
    const answer = await send(await channel.login.request(context, Date.now()));
    return await channel.login.session(answer, Date.now());
  }

  /** Sends the parts of a message as the gateway does; steps that go to customers' servers are left out. */
  async function deliver(given: Record<string, unknown>, context: SenderContext, proof = session) {
    const message = outboundMessageSchema.parse({
      sid: newSid(),
      accountSid: ACCOUNT_SID,
      channel: name,
      from: context.address,
      ...given,
    });
    const parts = await channel.plan(message, context, proof);
    const outcomes: unknown[] = [];
    for (const [index, part] of parts.entries()) {
      const values: Record<string, unknown> = {};
      for (const step of part.steps) {
        values[step.name] = step.placeholder;
        if (step.kind !== 'request') continue;
        const answer = await send(await step.request(values));
        const reading = await step.read({ ...answer, bytes: Buffer.from(answer.body) });
        if (reading.outcome !== 'done') outcomes.push(reading);
        else values[step.name] = reading.value;
      }
      const answer = await send(await part.request(values));
      outcomes.push(await channel.interpret(answer, { message, part: { index, count: parts.length } }));
    }
    return outcomes;
  }

  async function lastRequest(): Promise<SeenRequest | undefined> {
    const { json } = await control<{ requests: SeenRequest[] }>(simulator, 'GET', '/requests');
    return json.requests.at(-1);
  }

  const settled = () => control(simulator, 'POST', '/clock', { advanceMs: 1000 });
  const newEvents = async (act: () => Promise<unknown>) => {
    const before = events.length;
    await act();
    await settled();
    return events.slice(before);
  };

  it('sets the webhook when it is asked to, or in its console, after a handshake where there is one', async () => {
    for (const request of await channel.connect(sender, receiver.url, session)) {
      const answer = await send(request);
      expect(answer.status < 300, JSON.stringify(await lastRequest())).toBe(true);
    }
    const place = `/senders/${name}/${encodeURIComponent(sender.address)}`;
    const changed = await control(simulator, 'PATCH', place, { webhookUrl: receiver.url });
    expect(changed).toMatchObject({ status: 200, json: { webhookUrl: receiver.url } });
    const greeted = cases.receive.some(({ handshake }) => handshake);
    expect(receiver.received.length > 0).toBe(greeted);
  });

  it('takes every message of the cases', async () => {
    for (const { label, message } of messages) {
      const outcomes = await deliver(message, sender);
      for (const outcome of outcomes) {
        expect.soft(outcome, `${label}: ${JSON.stringify(await lastRequest())}`).toMatchObject({ outcome: 'accepted' });
      }
    }
    await settled();
  });

  it('shows a text on the phone and tells each status that the channel has, in order', async () => {
    const phone = `${contactPath}/messages?channel=${name}&direction=to-contact`;
    const { json } = await control<{ messages: unknown[] }>(simulator, 'GET', phone);
    let outcomes: unknown[] = [];
    const told = await newEvents(async () => {
      outcomes = await deliver({ to: contact, body: 'Your order: 1 €' }, sender);
    });
    const shown = await control<{ messages: unknown[] }>(simulator, 'GET', `${phone}&after=${json.messages.length}`);
    expect(shown.json.messages).toMatchObject([{ type: 'text', text: 'Your order: 1 €', device: sender.address }]);

    expect(told.map((event) => event.type === 'status' && event.status)).toEqual(REPORTED[name]);
    const [accepted] = outcomes as { id?: string }[];
    for (const event of told) {
      if (event.type === 'status' && event.id !== undefined) expect(event.id).toBe(accepted?.id);
      if (event.type === 'status' && event.sid !== undefined) expect(event.sid).toBe(lastSid());
    }
  });

  it.each(['text', 'image', 'location', 'button'])(
    'tells a contact’s %s, or that the cases show none',
    async (type) => {
      const content: Record<string, object> = {
        text: { text: 'Is it ready? ☕ <&> "quoted"' },
        location: { location: { latitude: 52.5, longitude: 13.4 } },
        button: { text: 'Yes, please', payload: 'yes-please' },
      };
      let answer: { status: number; json: Record<string, unknown> } | undefined;
      const told = await newEvents(async () => {
        const written = { to: sender.address, type, ...content[type] };
        answer = await control(simulator, 'POST', `${contactPath}/messages?channel=${name}`, written);
      });
      if (answer?.status === 409) {
        expect(type).not.toBe('text');
        expect(answer.json['error']).toContain(`No case of ${name}`);
        return;
      }
      expect(answer?.status).toBe(201);
      expect(told).toMatchObject([{ type: 'message', from: contact, to: sender.address, id: answer?.json['id'] }]);
      const [event] = told;
      if (event?.type !== 'message') return;
      if (type === 'text') expect(event.text).toBe('Is it ready? ☕ <&> "quoted"');
      if (type === 'location') expect(event.location).toMatchObject({ latitude: 52.5, longitude: 13.4 });
      if (type === 'image') {
        const [item] = event.media ?? [];
        const request =
          item?.id !== undefined && channel.download
            ? await channel.download({ id: item.id }, sender, session)
            : { method: 'GET' as const, url: item?.url ?? '', headers: {} };
        expect((await send(request)).status).toBe(200);
      }
    },
  );

  it('refuses wrong credentials as the channel does', async () => {
    const secrets = Object.fromEntries(
      Object.entries(sender.secrets).map(([key, value]) => [key, value.includes('KEY') ? value : `${value}x`]),
    );
    const forged = session && { ...session, token: `${session.token}x` };
    const outcomes = await deliver({ to: contact, body: 'Hi' }, { ...sender, secrets }, forged);
    const hasAuthErrors = cases.interpret.some(({ outcome }) => outcome.class === 'auth');
    expect(outcomes, JSON.stringify(await lastRequest())).toMatchObject([
      { outcome: 'failed', class: hasAuthErrors ? 'auth' : 'permanent' },
    ]);
    expect((await lastRequest())?.problems).not.toEqual([]);
  });

  it('refuses a request that is not as its cases are', async () => {
    const message = {
      sid: newSid(),
      accountSid: ACCOUNT_SID,
      channel: name,
      from: sender.address,
      to: contact,
      body: 'Hi',
    };
    const [part] = await channel.plan(message, sender, session);
    const request = await part?.request({});
    const { auth } = spec as { auth: { scheme: string } };
    if (!request || typeof request.body !== 'string' || auth.scheme === 'aws-sigv4') return;
    const isJson = request.body.startsWith('{');
    const body = isJson ? request.body.replace('{', '{"surprise":"yes",') : `${request.body}&surprise=yes`;
    const answer = await send({ ...request, body });
    expect(await channel.interpret(answer)).toMatchObject({ outcome: 'failed' });
    expect((await lastRequest())?.problems).toEqual(['surprise is not known']);
  });
});
