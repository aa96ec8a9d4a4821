import { describe, expect, it } from 'vitest';
import { fits } from '../../lambdas/channels/primitives/splitting/split.ts';
import { readSpec, specNames } from '../../lambdas/channels/read-yaml.ts';
import {
  ChannelAnswerError,
  type HttpAnswer,
  type HttpRequest,
  type OutboundMessage,
  outboundMessageSchema,
  senderContextSchema,
  UnsupportedMessageError,
  type WebhookReading,
  type WebhookRequest,
} from '../../lambdas/channels/types.ts';
import { payloadOf, type RequestCase, readCases } from './case-file.ts';

/*
 * Every channel against its own cases, and against what every channel must do.
 */

describe.each(specNames())('the channel %s', (name) => {
  const { spec, channel, file } = readSpec(name);
  const cases = readCases(file);
  const sender = senderContextSchema.parse(cases.sender);
  const { session } = cases;

  const messageOf = (given: Record<string, unknown>): OutboundMessage =>
    outboundMessageSchema.parse({ sid: 'SM0', accountSid: 'AC0', channel: name, from: sender.address, ...given });
  const to = String(cases.render[0]?.message['to']);
  const received = (webhook: Partial<WebhookRequest>): Promise<WebhookReading> =>
    channel.receive({ method: 'POST', headers: {}, query: {}, body: '', ...webhook }, sender);

  it('is named as its folder is', () => {
    expect(channel.name).toBe(name);
  });

  describe('renders', () => {
    it.each(cases.render.filter((item) => item.requests))('$label', async ({ message, requests = [] }) => {
      const rendered = await channel.render(messageOf(message), sender, session);
      expect(rendered.map((request, index) => comparable(request, requests[index]))).toEqual(requests);
    });

    it.each(cases.render.filter((item) => item.refused))('no request for: $label', async ({ message, refused }) => {
      const rendering = channel.render(messageOf(message), sender, session);
      await expect(rendering).rejects.toThrow(UnsupportedMessageError);
      await expect(rendering).rejects.toThrow(refused);
    });

    it('no request for a message with nothing in it', async () => {
      await expect(channel.render(messageOf({ to }), sender, session)).rejects.toThrow(UnsupportedMessageError);
    });

    it('every request with the credentials, and shows them nowhere else', async () => {
      const secrets = [...Object.values(sender.secrets), ...(session ? [session.token] : [])];
      for (const { message } of cases.render.filter((item) => item.requests)) {
        for (const request of await channel.render(messageOf(message), sender, session)) {
          expect(secrets.some((secret) => JSON.stringify([request.headers, request.url]).includes(secret))).toBe(true);
          expect(secrets.some((secret) => JSON.stringify(request.body ?? '').includes(secret))).toBe(false);
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
      const parts = requests.map((request) => longestText(request));
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
      expect(await channel.interpret(answer)).toEqual(outcome);
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

    it.runIf(spec.errors.code)('an error inside a success is an error', () => {
      const inside = cases.interpret.filter((item) => item.answer.status < 300 && item.outcome.outcome === 'failed');
      expect(inside.some((item) => item.outcome.outcome === 'failed' && item.outcome.code !== undefined)).toBe(true);
    });

    it('every documented code has a rule', () => {
      const ruled = new Set(spec.errors.rules.flatMap((rule) => rule.codes ?? []).map(String));
      expect(cases.knownCodes.flat().filter((code) => !ruled.has(String(code)))).toEqual([]);
    });
  });

  describe('reads webhooks', () => {
    const read = (item: (typeof cases.receive)[number]) => {
      const { method = 'POST', headers = {}, query = {} } = item;
      return received({ method, headers, query, body: payloadOf(file, item) });
    };

    it.each(cases.receive)('$label', async (item) => {
      const reading = await read(item);
      if (item.events)
        expect(eventsWithoutRaw(reading)).toEqual(item.events.map((event) => ({ ...event, channel: name })));
      else if (item.handshake) expect(reading).toMatchObject({ kind: 'handshake', answer: item.handshake });
      else if (item.refused) expect(reading).toMatchObject({ kind: 'refused', status: item.refused });
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

    it.runIf(spec.inbound.signature.scheme !== 'none')('an unsigned payload is refused', async () => {
      const [item] = cases.receive.filter((one) => one.events);
      expect(item && (await received({ body: payloadOf(file, item) }))).toMatchObject({ kind: 'refused', status: 403 });
    });

    it('a reason for a refusal tells nothing of the payload', async () => {
      const body = JSON.stringify({ messages: [{ text: { body: 'PRIVATE' }, from: 'PRIVATE' }], PRIVATE: 'PRIVATE' });
      for (const webhook of [{ body }, { body: `PRIVATE${body}` }, { body, method: 'GET' as const }]) {
        expect(JSON.stringify(await received(webhook))).not.toContain('PRIVATE');
      }
    });
  });

  it.runIf(cases.login)('logs in', async () => {
    const { request, answers = [] } = cases.login ?? {};
    const login = await channel.login?.request(sender);
    expect(login && comparable(login, request)).toEqual(request);
    for (const { answer, session: expected, fails } of answers) {
      const reading = channel.login?.session(answer, Date.parse('2021-09-07T15:29:26Z'));
      if (fails) await expect(reading).rejects.toThrow(ChannelAnswerError);
      else expect(await reading).toEqual(expected);
    }
  });

  it('connects a new sender', async () => {
    const requests = await channel.connect(sender, 'https://gateway.example.com/webhooks/secret', session);
    expect(requests.map((request, index) => comparable(request, cases.connect[index]))).toEqual(cases.connect);
  });

  it.runIf(cases.download)('downloads inbound media, whatever an id holds', async () => {
    const { media, request } = cases.download ?? { media: { id: '' }, request: {} };
    const download = await channel.download?.(media, sender, session);
    expect(download && comparable(download, request)).toEqual(request);
    const escaping = await channel.download?.({ id: '../../v1/users?x=1#' }, sender, session);
    expect(escaping?.url.startsWith(String(request.url).replace(media.id, ''))).toBe(true);
    expect(escaping?.url.includes('..%2F')).toBe(true);
  });
});

/** A request cut down to what a case says about it, its body as data. */
function comparable(request: HttpRequest, expected: RequestCase | undefined): object {
  const whole: Record<string, unknown> = { ...request, ...(request.body !== undefined && { body: dataOf(request) }) };
  return expected === undefined
    ? whole
    : Object.fromEntries(Object.entries(whole).filter(([key]) => Object.hasOwn(expected, key)));
}

function dataOf({ headers, body }: HttpRequest): unknown {
  return headers['Content-Type'] === 'application/json' && typeof body === 'string' ? JSON.parse(body) : body;
}

/** The text that a request carries: its longest string, wherever the channel puts it. */
function longestText(request: HttpRequest): string {
  let longest = '';
  JSON.stringify(dataOf(request), (_key, value: unknown) => {
    if (typeof value === 'string' && value.length > longest.length) longest = value;
    return value;
  });
  return longest;
}

function eventsWithoutRaw(reading: WebhookReading): unknown {
  if (reading.kind !== 'events') return reading;
  return reading.events.map((event) => {
    const { raw, ...rest } = event as { raw?: unknown };
    return rest;
  });
}
