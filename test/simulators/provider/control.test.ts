import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpAnswer, HttpRequest, Outcome, SenderContext, Session } from '../../../lambdas/channels/types.ts';
import { allChannelFiles, playedChannel } from '../../../simulators/provider/channel/played-channel.ts';
import { isSignedWith } from '../../../simulators/provider/channel/sigv4.ts';
import type { ProviderSimulator } from '../../../simulators/provider/simulator.ts';
import { control, sendThrough, startAll, startReceiver } from './support.ts';

let simulator: ProviderSimulator;
let send: (request: HttpRequest) => Promise<HttpAnswer>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;

beforeAll(async () => {
  simulator = await startAll();
  send = await sendThrough(simulator);
});

afterAll(() => simulator.stop());

let count = 0;

/** A channel with its cases' sender, and a contact of it. */
function use(name: string) {
  const files = allChannelFiles().find((candidate) => candidate.name === name);
  if (!files) throw new Error(`There is no channel ${name}.`);
  const played = playedChannel(files);
  const sender: SenderContext = { ...played.cases.sender };
  const contact = String(played.cases.render[0]?.message['to']);
  const logIn = async (context = sender): Promise<Session | undefined> => {
    const { login } = played.channel;
    if (!login) return undefined;
    return await login.session(await send(await login.request(context, Date.now())), Date.now());
  };
  const text = async (body: string, session: Session | undefined, sid?: string): Promise<Outcome> => {
    count += 1;
    const message = {
      sid: sid ?? `SM${String(count).padStart(32, '0')}`,
      accountSid: `AC${'0'.repeat(32)}`,
      channel: name,
      from: sender.address,
      to: contact,
      body,
    };
    const [part] = await played.channel.plan(message, sender, session);
    if (!part) throw new Error('A text has one part.');
    return played.channel.interpret(await send(await part.request({})), { message, part: { index: 0, count: 1 } });
  };
  const phone = async (query = '') => {
    const path = `/contacts/${encodeURIComponent(contact)}/messages?channel=${name}&direction=to-contact${query}`;
    const { json } = await control<{ messages: { text?: string }[] }>(simulator, 'GET', path);
    return json.messages.map((shown) => shown.text);
  };
  return { ...played, sender, contact, logIn, text, phone };
}

describe('Sessions', () => {
  const line = use('line');
  beforeAll(async () => {
    await control(simulator, 'POST', '/senders', { channel: 'line', ...line.sender });
  });

  it('end when their time is over', async () => {
    const session = await line.logIn();
    expect(await line.text('In time', session)).toMatchObject({ outcome: 'accepted' });
    await control(simulator, 'POST', '/clock', { advanceMs: 15 * 60_000 });
    expect(await line.text('Too late', session)).toMatchObject({ outcome: 'failed', class: 'auth' });
    expect(await line.text('Again', await line.logIn())).toMatchObject({ outcome: 'accepted' });
  });

  it('end when the provider ends them', async () => {
    const session = await line.logIn();
    await control(simulator, 'PATCH', `/senders/line/${line.sender.address}`, { sessions: false });
    expect(await line.text('Ended', session)).toMatchObject({ outcome: 'failed', class: 'auth' });
  });

  it('are not given for a wrong secret', async () => {
    await expect(line.logIn({ ...line.sender, secrets: { channelSecret: 'wrong' } })).rejects.toThrow();
  });

  it('are not given for an assertion that another key signed', async () => {
    const rcs = use('rcs');
    await control(simulator, 'POST', '/senders', { channel: 'rcs', ...rcs.sender });
    expect(await rcs.logIn()).toMatchObject({ token: expect.any(String) });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const forged = { ...rcs.sender, secrets: { ...rcs.sender.secrets, privateKey: other } };
    await expect(rcs.logIn(forged)).rejects.toThrow();
  });
});

describe('Tokens that are exchanged', () => {
  const cases = allChannelFiles().flatMap(({ name }) => {
    const { sender, cases, ...channel } = use(name);
    const fields = { ...sender.fields, ...cases.login?.fields };
    const owner = { ...sender, address: String(fields['pageId'] ?? '15550100288'), fields };
    return Object.keys(cases.login?.fields ?? {}).length === 0 ? [] : [{ ...channel, owner }];
  });

  it.each(cases)(
    'are taken with the proof of themselves and of no other: $name',
    async ({ channel, contact, owner }) => {
      const { name, login } = channel;
      expect(await control(simulator, 'POST', '/senders', { channel: name, ...owner })).toMatchObject({ status: 201 });
      const ask = async (last?: Session) => {
        const answer = login && (await send(await login.request(owner, Date.now(), false, last)));
        return answer && (await login.session(answer, Date.now()));
      };
      const message = {
        sid: `SM${'8'.repeat(32)}`,
        accountSid: 'AC',
        channel: name,
        from: owner.address,
        to: contact,
        body: 'Hi',
      };
      const deliver = async (session: Session | undefined, proving = session) => {
        const [request, proof] = (
          await Promise.all([session, proving].map((one) => channel.render(message, owner, one)))
        ).map(([first]) => first);
        if (!request || !proof) throw new Error('A text has one request.');
        return channel.interpret(await send({ ...request, url: proof.url }));
      };
      const first = (await login?.given?.(owner, Date.now()))?.session ?? (await ask());
      const second = await ask(first);
      expect(second?.token).not.toBe(first?.token);
      expect(await deliver(first)).toMatchObject({ outcome: 'accepted' });
      expect(await deliver(second)).toMatchObject({ outcome: 'accepted' });
      expect(await deliver(second, first)).toMatchObject({ outcome: 'failed', class: 'auth' });
      const invented = { token: 'invented', expiresAt: new Date(Date.now() + 60_000).toISOString() };
      expect(await deliver(invented)).toMatchObject({ outcome: 'failed', class: 'auth' });
      await expect(ask(invented)).rejects.toThrow('get a new token');
    },
  );
});

describe('A message that comes again with its key', () => {
  it.each(['line', 'rcs'])('is accepted and not shown twice: %s', async (name) => {
    const channel = use(name);
    await control(simulator, 'POST', '/senders', { channel: name, ...channel.sender });
    const session = await channel.logIn();
    const before = (await channel.phone()).length;
    const sid = `SM${'7'.repeat(32)}`;
    for (const _ of [1, 2]) expect(await channel.text('Once', session, sid)).toMatchObject({ outcome: 'accepted' });
    expect(await channel.text('Then', session)).toMatchObject({ outcome: 'accepted' });
    expect((await channel.phone(`&wait=${before + 2}`)).slice(before)).toEqual(['Once', 'Then']);
  });
});

describe('Faults', () => {
  const viber = use('viber');
  const match = { device: viber.sender.address };
  beforeAll(async () => {
    receiver = await startReceiver(async () => ({ status: 200, body: '' }));
    await control(simulator, 'POST', '/senders', { channel: 'viber', ...viber.sender, webhookUrl: receiver.url });
  });
  afterAll(() => receiver.stop());

  it('are answered with the channel’s own error of that code', async () => {
    await control(simulator, 'POST', '/faults', { match, count: 1, action: { errorCode: 12 } });
    expect(await viber.text('Hi', undefined)).toMatchObject({ outcome: 'failed', class: 'rate-limited', code: '12' });
    expect(await viber.text('Hi', undefined)).toMatchObject({ outcome: 'accepted' });
  });

  it('may drop the connection after a message was accepted', async () => {
    const before = (await viber.phone()).length;
    await control(simulator, 'POST', '/faults', { match, count: 1, action: 'dropAfterAccepting' });
    await expect(viber.text('Dropped', undefined)).rejects.toThrow();
    expect((await viber.phone(`&wait=${before + 1}`)).at(-1)).toBe('Dropped');
  });

  it('may answer late what was accepted at once', async () => {
    const before = (await viber.phone()).length;
    await control(simulator, 'POST', '/faults', { match, count: 1, action: { answerDelayMs: 3_600_000 } });
    let isAnswered = false;
    const answer = viber.text('Answered late', undefined).then((outcome) => {
      isAnswered = true;
      return outcome;
    });
    expect((await viber.phone(`&wait=${before + 1}`)).at(-1)).toBe('Answered late');
    expect(isAnswered).toBe(false);
    await control(simulator, 'POST', '/clock', { advanceMs: 3_600_000 });
    expect(await answer).toMatchObject({ outcome: 'accepted' });
  });

  it('may hold up a webhook, which others overtake', async () => {
    await control(simulator, 'POST', '/clock', { advanceMs: 1000 });
    const before = receiver.received.length;
    const path = `/contacts/${encodeURIComponent(viber.contact)}/messages?channel=viber`;
    await control(simulator, 'POST', '/faults', { match, count: 1, action: { delayWebhooksMs: 60_000 } });
    await control(simulator, 'POST', path, { text: 'held up' });
    await control(simulator, 'POST', path, { text: 'on time' });
    await control(simulator, 'POST', '/clock', { advanceMs: 60_000 });
    const texts = receiver.received.slice(before).map(({ body }) => /held up|on time/.exec(body)?.[0]);
    expect(texts).toEqual(['on time', 'held up']);
  });

  it('may double a webhook', async () => {
    await control(simulator, 'POST', '/clock', { advanceMs: 1000 });
    const before = receiver.received.length;
    await control(simulator, 'POST', '/faults', { match, count: 1, action: 'duplicateWebhooks' });
    await control(simulator, 'POST', `/contacts/${encodeURIComponent(viber.contact)}/messages?channel=viber`, {
      text: 'Hi',
    });
    await control(simulator, 'POST', '/clock', { advanceMs: 0 });
    const bodies = receiver.received.slice(before).map(({ body }) => body);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
  });

  it('of a contact are told as a failed status', async () => {
    const contact = `/contacts/${encodeURIComponent(viber.contact)}?channel=viber`;
    const [failed] = viber.cases.receive.flatMap(({ events }) => events.filter(({ status }) => status === 'failed'));
    const { code } = (failed?.['error'] ?? {}) as { code?: string };
    await control(simulator, 'PATCH', contact, { failure: { code: Number(code) || 1, count: 1 } });
    const before = receiver.received.length;
    await viber.text('Never arrives', undefined);
    await control(simulator, 'POST', '/clock', { advanceMs: 1000 });
    const told = receiver.received.slice(before).map(({ body }) => JSON.parse(body) as { event: string });
    expect(told).toMatchObject([{ event: 'failed' }]);
    expect(await viber.phone()).not.toContain('Never arrives');
  });
});

describe('The control API refuses', () => {
  it.each<[what: string, method: string, path: string, body: unknown, status: number, says: string]>([
    ['a channel that is not played', 'POST', '/senders', { channel: 'telegraph', address: '1' }, 404, 'line'],
    ['a sender without a channel', 'POST', '/senders', { address: '1' }, 400, 'channel'],
    [
      'secrets that are no texts',
      'POST',
      '/senders',
      { channel: 'line', address: '1', secrets: { a: 1 } },
      400,
      'secrets',
    ],
    ['a contact of no channel', 'GET', '/contacts/1/messages', undefined, 400, 'channel'],
    [
      'a contact that writes to nobody',
      'POST',
      '/contacts/1/messages?channel=wechat',
      { text: 'Hi' },
      404,
      'no sender',
    ],
    ['an unknown kind', 'POST', '/contacts/x/messages?channel=viber', { type: 'parchment' }, 409, 'No case of viber'],
    ['a path that it does not have', 'GET', '/weather', undefined, 404, '/control/weather'],
  ])('%s', async (_what, method, path, body, status, says) => {
    const answer = await control(simulator, method, path, body);
    expect(answer).toMatchObject({ status, json: { error: expect.stringContaining(says) } });
  });
});

describe('An AWS signature', () => {
  const key = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
  const scope = { service: 'sms-voice', region: 'us-east-1' };
  const bytes = Buffer.from(
    '{"DestinationPhoneNumber":"+14255550156","OriginationIdentity":"+12065550152","MessageBody":"Hi","MessageType":"TRANSACTIONAL"}',
  );
  const request = (signature: string, body = bytes) => ({
    method: 'POST',
    url: new URL('https://sms-voice.us-east-1.amazonaws.com/'),
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      host: 'sms-voice.us-east-1.amazonaws.com',
      'x-amz-date': '20260102T030405Z',
      'x-amz-target': 'PinpointSMSVoiceV2.SendTextMessage',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/sms-voice/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=${signature}`,
    },
    body: undefined,
    bytes: body,
  });
  const right = '46eb23acc2f97888484477c57d8c8932de9d85e2554cd365068d1298a77fec57';

  it.each([
    ['is right for the request that it was made for', request(right), key, true],
    ['is wrong for another body', request(right, Buffer.from('{}')), key, false],
    ['is wrong with another key', request(right), { ...key, secretAccessKey: 'other' }, false],
    ['is wrong when it is another', request(right.replace('4', '5')), key, false],
  ])('%s', (_what, signed, with_, isRight) => {
    expect(isSignedWith(signed, with_, scope)).toBe(isRight);
  });
});
