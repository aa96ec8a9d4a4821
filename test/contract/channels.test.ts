import { beforeAll, describe, expect, it } from 'vitest';
import { type BundledSpec, bundledSpecText } from '../../lambdas/channels/bundled-spec.ts';
import { compileChannel } from '../../lambdas/channels/compile.ts';
import { createTrustedCompiler } from '../../lambdas/channels/expressions/trusted.ts';
import { fits } from '../../lambdas/channels/primitives/splitting/split.ts';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';
import {
  ChannelAnswerError,
  type HttpAnswer,
  type OutboundMessage,
  outboundMessageSchema,
  type SenderContext,
  type Session,
  senderContextSchema,
  UnsupportedMessageError,
  type WebhookReading,
  type WebhookRequest,
} from '../../lambdas/channels/types.ts';
import { sign } from '../../simulators/provider/channel/sign.ts';
import { type CaseFile, payloadOf, readCases, senderOf } from './case-file.ts';
import { comparable, pieceOf, planned } from './requests.ts';

/*
 * Every channel against its own cases, and against what every channel must do. A channel has the tests that its spec gives
 * reason for: one that signs nothing has none about signatures. So no test is skipped.
 */

type ReceiveCase = CaseFile['receive'][number];

const built = specNames().map((name) => {
  try {
    return { name, cases: readCases(readSpec(name).file) };
  } catch (error) {
    return { name, error: error as Error };
  }
});

it.each(built)('the channel $name builds, and its cases can be read', ({ error }) => {
  if (error) throw error;
});

describe.each(built.filter((one) => one.cases !== undefined))('the channel $name', ({ name, cases }) => {
  const clock = { at: Date.parse(cases.at) };
  const host = { now: () => clock.at, environment: {} };
  const { spec, channel, file } = readSpec(name, host);
  const sender = senderContextSchema.parse(cases.sender);
  /** The session of a sender that has one. */
  const sessionOf = async (owner: SenderContext) => {
    const given = await channel.login?.given?.(owner, clock.at);
    return given && !given.session ? undefined : (cases.session ?? cases.login?.session);
  };
  let session: Session | undefined;
  beforeAll(async () => {
    session = await sessionOf(sender);
  });

  const messageOf = (given: Record<string, unknown>): OutboundMessage =>
    outboundMessageSchema.parse({ sid: 'SM0', accountSid: 'AC0', channel: name, from: sender.address, ...given });
  const to = String(cases.render[0]?.message['to']);
  const sent = { message: messageOf({ to, body: 'Hi' }), part: { index: 0, count: 1 } };
  const received = (webhook: Partial<WebhookRequest>): Promise<WebhookReading> =>
    channel.receive({ method: 'POST', headers: {}, query: {}, body: '', ...webhook }, sender);
  const webhookOf = (item: ReceiveCase): WebhookRequest => {
    const { method = 'POST', headers = {}, query = {} } = item;
    return { method, headers, query, body: payloadOf(file, item) };
  };
  const signed = (webhook: WebhookRequest) => sign(webhook, spec, sender, clock.at / 1000);

  it('is named as its folder is', () => {
    expect(channel.name).toBe(name);
  });

  describe('renders', () => {
    it.each(cases.render.filter((item) => item.requests))('$label', async (item) => {
      const owner = senderOf(sender, item);
      const all = await planned(channel, messageOf(item.message), owner, await sessionOf(owner), item.steps);
      const { requests = [] } = item;
      expect(all.map(({ request }, index) => comparable(request, requests[index]))).toEqual(requests);
      expect(await channel.supports(messageOf(item.message), owner)).toBeUndefined();
    });

    it.each(cases.render.filter((item) => item.refused))('no request for: $label', async (item) => {
      const { message, refused } = item;
      const owner = senderOf(sender, item);
      const rendering = channel.render(messageOf(message), owner, await sessionOf(owner));
      await expect(rendering).rejects.toThrow(UnsupportedMessageError);
      await expect(rendering).rejects.toThrow(refused);
      // What fails only when a request is built is found too late for the API.
      const isFound = !refused?.includes('failed on this input');
      expect((await channel.supports(messageOf(message), owner))?.reason.includes(String(refused)) ?? false).toBe(
        isFound,
      );
    });

    it('no request for a message with nothing in it', async () => {
      await expect(channel.render(messageOf({ to }), sender, session)).rejects.toThrow(UnsupportedMessageError);
    });

    it('the same requests where it is deployed, its spec as JSON and compiled as it is used', async () => {
      const bundled: BundledSpec = JSON.parse(bundledSpecText(spec));
      const deployed = compileChannel(bundled, createTrustedCompiler(bundled.syntax), host);
      for (const { message } of cases.render.filter((item) => item.requests)) {
        const [there, here] = [deployed, channel].map((one) => one.render(messageOf(message), sender, session));
        expect(await there).toEqual(await here);
      }
      for (const item of cases.receive) {
        const [there, here] = [deployed, channel].map((one) => one.receive(webhookOf(item), undefined));
        expect(await there).toEqual(await here);
      }
    });

    it('the same requests each time, so that a repetition can be told from a new message', async () => {
      for (const { message } of cases.render.filter((item) => item.requests)) {
        const render = () => channel.render(messageOf(message), sender, session);
        expect(await render()).toEqual(await render());
      }
    });

    it('every request to the provider with the credentials, and shows them nowhere else', async () => {
      const secrets = [...Object.values(sender.secrets), ...(session ? [session.token] : [])];
      const shows = (value: unknown) =>
        secrets.some((secret) => secret !== '' && JSON.stringify(value).includes(secret));
      for (const { message, steps } of cases.render.filter((item) => item.requests)) {
        for (const { kind, request } of await planned(channel, messageOf(message), sender, session, steps)) {
          const isTheirs = kind === 'message' || kind === 'request';
          expect(shows([request.headers, request.url])).toBe(isTheirs);
          expect(shows(request.body ?? '')).toBe(false);
        }
      }
    });
  });

  describe('splits a long text so that nothing is lost and no reader sees a cut character', () => {
    const { max, unit } = spec.limits.text;
    const long = (piece: string) => piece.repeat(Math.ceil((max * 2.5) / [...piece].length));
    it.each([
      ['Thai', long('ภาษาไทยไม่มีการเว้นวรรคระหว่างคำและมีสระอยู่เหนือพยัญชนะ')],
      ['Chinese', long('我们的消息会按照词语的边界分成几个部分发送，不会丢失任何文字。')],
      ['emoji', long('👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪❤️')],
      ['one unbroken word', long('Donaudampfschifffahrt')],
      ['English', long('The quick brown fox jumps over the lazy dog. ')],
    ])('%s', async (_language, body) => {
      const requests = await channel.render(messageOf({ to, body }), sender, session);
      const parts = requests.map((request) => pieceOf(body, request));
      expect(requests.length).toBeGreaterThan(2);
      expect(parts.join('')).toBe(body);
      expect(parts.every((part) => fits(part, max, unit))).toBe(true);
      const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
      const boundaries = new Set([...segmenter.segment(body)].map(({ index }) => index));
      let offset = 0;
      for (const part of parts.slice(0, -1)) {
        offset += part.length;
        expect(boundaries.has(offset)).toBe(true);
      }
    });
  });

  describe('understands answers', () => {
    it.each(cases.interpret)('$label', async ({ answer, outcome }) => {
      expect(await channel.interpret(answer, sent)).toEqual(outcome);
    });

    it.each([
      ['a 429 without a word', { status: 429, headers: {}, body: '' }, ['rate-limited']],
      ['a 429 with an HTML page', { status: 429, headers: {}, body: '<html></html>' }, ['rate-limited']],
      ['a 500', { status: 500, headers: {}, body: '' }, ['retry']],
      ['a 502 with an HTML page', { status: 502, headers: {}, body: '<html></html>' }, ['retry']],
      ['a 503', { status: 503, headers: {}, body: 'busy' }, ['retry', 'rate-limited']],
      ['a 504', { status: 504, headers: {}, body: '' }, ['retry']],
      ['a 400 with JSON that is no error', { status: 400, headers: {}, body: '[1, null]' }, ['permanent']],
    ] satisfies [string, HttpAnswer, string[]][])('%s', async (_label, answer, classes) => {
      const outcome = await channel.interpret(answer);
      expect(outcome.outcome).toBe('failed');
      expect(classes).toContain(outcome.outcome === 'failed' ? outcome.class : undefined);
    });

    it('a wait that the provider asks for is passed on', async () => {
      expect(await channel.interpret({ status: 429, headers: { 'retry-after': '17' }, body: '' })).toMatchObject({
        retryAfter: 17,
        scope: 'sender',
      });
    });

    it.each(given(spec.errors.code))('an error inside a success is an error', async () => {
      const failures = cases.interpret.flatMap(({ answer, outcome }) =>
        outcome.outcome === 'failed' && outcome.code !== undefined ? [{ answer, code: outcome.code }] : [],
      );
      expect(failures).not.toEqual([]);
      for (const failure of failures) {
        const inside = await channel.interpret({ ...failure.answer, status: 200 }, sent);
        expect(inside).toMatchObject({ outcome: 'failed', code: failure.code });
      }
    });

    it('every documented code has a rule', () => {
      const ruled = new Set(spec.errors.rules.flatMap((rule) => rule.codes ?? []).map(String));
      expect(cases.knownCodes.flat().filter((code) => !ruled.has(String(code)))).toEqual([]);
    });
  });

  describe('reads webhooks', () => {
    const read = async (item: ReceiveCase) => {
      const at = clock.at;
      clock.at = item.at === undefined ? at : Date.parse(item.at);
      try {
        const webhook = webhookOf(item);
        const owner = { ...sender, secrets: { ...sender.secrets, ...item.secrets } };
        return await channel.receive(item.signed || item.refused ? webhook : await signed(webhook), owner);
      } finally {
        clock.at = at;
      }
    };

    it.each(cases.receive)('$label', async (item) => {
      const reading = await read(item);
      if (item.events)
        expect(eventsWithoutRaw(reading)).toEqual(item.events.map((event) => ({ ...event, channel: name })));
      else if (item.handshake) {
        const { confirm, ...answer } = item.handshake;
        expect(reading).toMatchObject({ kind: 'handshake', answer });
        expect(reading.kind === 'handshake' ? reading.confirm?.url : undefined).toBe(confirm);
      } else if (item.refused) expect(reading).toMatchObject({ kind: 'refused', status: item.refused });
      else expect(reading.kind).toBe('malformed');
    });

    it('the same payload twice gives the same events', async () => {
      for (const item of cases.receive) expect(await read(item)).toEqual(await read(item));
    });

    it.each(['', 'not a payload', '{"cut":', '[]', 'null', '"text"', '17'])(
      'what cannot be a payload is malformed: %j',
      async (body) => {
        expect((await channel.receive({ method: 'POST', headers: {}, query: {}, body }, undefined)).kind).toBe(
          'malformed',
        );
      },
    );

    it('a reason for a refusal tells nothing of the payload', async () => {
      const body = JSON.stringify({ messages: [{ text: { body: 'PRIVATE' }, from: 'PRIVATE' }], PRIVATE: 'PRIVATE' });
      for (const webhook of [{ body }, { body: `PRIVATE${body}` }, { body, method: 'GET' as const }]) {
        expect(JSON.stringify(await received(webhook))).not.toContain('PRIVATE');
      }
    });
  });

  const { signature } = spec.inbound;
  const schemes = signature.scheme === 'none' ? [] : [signature.scheme];
  describe.each(schemes)('takes no webhook of a stranger (%s)', (scheme) => {
    const genuine = async () => {
      const item = cases.receive.find((one) => one.events && !one.signed) as ReceiveCase;
      const plain = webhookOf(item);
      const webhook = await signed(plain);
      const carrying = (['headers', 'query'] as const).flatMap((place) =>
        Object.keys(webhook[place])
          .filter((key) => webhook[place][key] !== plain[place][key])
          .map((key) => ({ place, key, value: String(webhook[place][key]) })),
      );
      return { plain, webhook, carrying };
    };

    it('shows a published example of its signature', () => {
      expect(cases.receive.some((item) => item.signed && (item.events || item.handshake))).toBe(true);
    });

    it('and takes a genuine one', async () => {
      expect((await channel.receive((await genuine()).webhook, sender)).kind).toBe('events');
    });

    it.each<[string, (value: string) => string | undefined]>([
      ['a missing', () => undefined],
      ['an empty', () => ''],
      ['a short', (value) => value.slice(0, -1)],
      ['a long', (value) => `${value}0`],
      ['a wrong', (value) => value.slice(0, -2) + (value.at(-2) === '0' ? '1' : '0') + value.slice(-1)],
      ['a repeated', (value) => `${value}, ${value}`],
    ])('%s signature is refused', async (_label, changed) => {
      const { webhook, carrying } = await genuine();
      expect(carrying.length).toBeGreaterThan(0);
      for (const { place, key, value } of carrying) {
        const values = { ...webhook[place] };
        const forged = changed(value);
        if (forged === undefined) delete values[key];
        else values[key] = forged;
        expect(await channel.receive({ ...webhook, [place]: values }, sender)).toMatchObject({
          kind: 'refused',
          status: 403,
        });
      }
    });

    it('the signature of another sender is refused', async () => {
      const { plain } = await genuine();
      const secrets = Object.fromEntries(Object.entries(sender.secrets).map(([key, value]) => [key, `${value}x`]));
      const foreign = await sign(plain, spec, { ...sender, secrets }, clock.at / 1000);
      expect(await channel.receive(foreign, sender)).toMatchObject({ kind: 'refused', status: 403 });
    });

    it('no signature is right while the sender has no secrets', async () => {
      const { plain } = await genuine();
      const bare = { ...sender, secrets: {} };
      const unsecured = await sign(plain, spec, bare, clock.at / 1000);
      expect(await channel.receive(unsecured, bare)).toMatchObject({ kind: 'refused', status: 403 });
    });

    // Elsewhere a part of the body is signed, or nothing of it, and what is not may change.
    const wholeBody = scheme.startsWith('hmac') && !('over' in signature && signature.over !== undefined);
    it.each(wholeBody ? [scheme] : [])('a body that was changed is refused', async () => {
      const { webhook } = await genuine();
      const body = webhook.body.replace(/[a-z](?=[^a-z]*$)/, (letter) => (letter === 'a' ? 'b' : 'a'));
      expect(body).not.toBe(webhook.body);
      expect(await channel.receive({ ...webhook, body }, sender)).toMatchObject({ kind: 'refused', status: 403 });
    });

    it('a replayed one means what it meant, or is too old', async () => {
      const { webhook } = await genuine();
      const first = await channel.receive(webhook, sender);
      clock.at += 3_600_000;
      const second = await channel.receive(webhook, sender);
      clock.at -= 3_600_000;
      const isTimed = 'maxAge' in signature && signature.maxAge !== undefined;
      expect(second).toEqual(isTimed ? expect.objectContaining({ kind: 'refused', status: 403 }) : first);
    });
  });

  it('shows a login where it has sessions, and a download where media come by id', () => {
    const needed = { login: channel.login !== undefined, download: spec.inbound.media !== undefined };
    expect({ login: cases.login !== undefined, download: cases.download !== undefined }).toEqual(needed);
  });

  it.each(given(cases.login))('logs in at $at', async (shown) => {
    const { at, request, again, renewal, answers } = shown;
    const owner = senderOf(sender, shown);
    expect(await channel.login?.given?.(owner, Date.parse(at))).toEqual(shown.given && { session: shown.given });
    const login = await channel.login?.request(owner, Date.parse(at));
    expect(login && comparable(login, request)).toEqual(request);
    if (again) {
      const insisting = await channel.login?.request(owner, Date.parse(at), true);
      expect(insisting && comparable(insisting, again)).toEqual(again);
    }
    if (renewal) {
      const renewing = await channel.login?.request(owner, Date.parse(at), false, shown.session);
      expect(renewing && comparable(renewing, renewal)).toEqual(renewal);
    }
    for (const { answer, session: expected, fails } of answers) {
      const reading = channel.login?.session(answer, Date.parse(at));
      if (fails) await expect(reading).rejects.toThrow(ChannelAnswerError);
      else expect(await reading).toEqual(expected);
    }
  });

  it('connects a new sender', async () => {
    const requests = await channel.connect(sender, 'https://gateway.example.com/webhooks/secret', session);
    expect(requests.map((request, index) => comparable(request, cases.connect[index]))).toEqual(cases.connect);
  });

  it('disconnects a sender that is deleted', async () => {
    const requests = await channel.disconnect(sender, session);
    expect(requests.map((request, index) => comparable(request, cases.disconnect[index]))).toEqual(cases.disconnect);
  });

  it.each(given(cases.download))('downloads inbound media, whatever an id holds', async (shown) => {
    const { media, request, follow } = shown;
    const download = await channel.download?.(media, sender, session);
    expect(download && comparable(download, request)).toEqual(request);
    const escaping = await channel.download?.({ id: '../../v1/users?x=1#' }, sender, session);
    const escaped = download?.url.replace(encodeURIComponent(media.id), '..%2F..%2Fv1%2Fusers%3Fx%3D1%23');
    expect(escaping?.url).toBe(escaped);
    if (follow) {
      const answer = { ...follow.answer, headers: { 'content-type': 'application/json', ...follow.answer.headers } };
      const reading = await channel.downloaded?.(answer, sender, session);
      expect(reading?.['kind' as keyof typeof reading]).toBe('elsewhere');
      const next = reading && 'request' in reading ? comparable(reading.request, follow.request) : reading;
      expect(next).toEqual(follow.request);
    }
  });
});

/** What there is, for tests that are only about something that is there. */
function given<Value>(value: Value | undefined): Value[] {
  return value === undefined ? [] : [value];
}

function eventsWithoutRaw(reading: WebhookReading): unknown {
  if (reading.kind !== 'events') return reading;
  return reading.events.map((event) => {
    const { raw, ...rest } = event as { raw?: unknown };
    return rest;
  });
}
