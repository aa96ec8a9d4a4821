import { describe, expect, it } from 'vitest';
import type { Sent } from '../../lambdas/channels/types.ts';
import { pigeonWith } from './fixtures/pigeon.ts';

const sent: Sent = {
  message: { sid: 'SM1', accountSid: 'AC1', channel: 'pigeon', from: 'P1', to: 'P2' },
  part: { index: 0, count: 2 },
};
const ours = '{% $uuid(message.sid, part.index) %}';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-/;

/** A provider that takes an idempotency key: it says 409 to what it has already, and may give no id. */
const idempotent = (id: string | undefined, rule: object = {}) =>
  pigeonWith((spec) => ({
    outbound: { ...spec.outbound, answer: id === undefined ? {} : { id } },
    errors: { ...spec.errors, rules: [{ status: [409], class: 'accepted', ...rule }, ...spec.errors.rules] },
  }));
const answer = (status: number, body = '{}') => ({ status, headers: {}, body });

describe('an answer', () => {
  it('may mean that the message was sent before', async () => {
    expect(await idempotent('{% answer.body.token %}').interpret(answer(409, '{"token":"t"}'), sent)).toEqual({
      outcome: 'accepted',
      id: 't',
    });
    expect(await idempotent('{% answer.body.token %}').interpret(answer(409), sent)).toEqual({ outcome: 'accepted' });
  });

  it('may have its id elsewhere then', async () => {
    const channel = idempotent('{% answer.body.token %}', { id: '{% answer.headers.`x-accepted` %}' });
    const given = { status: 409, headers: { 'x-accepted': 'before' }, body: '{"token":"now"}' };
    expect(await channel.interpret(given, sent)).toEqual({ outcome: 'accepted', id: 'before' });
  });

  it('may have an id of ours, the same however often it comes', async () => {
    const channel = idempotent(ours);
    const first = await channel.interpret(answer(200), sent);
    expect(first).toEqual({ outcome: 'accepted', id: expect.stringMatching(UUID) });
    expect(await channel.interpret(answer(409), sent)).toEqual(first);
    const second = await channel.interpret(answer(200), { ...sent, part: { index: 1, count: 2 } });
    expect(second).not.toEqual(first);
  });

  it('says why a request that is no message failed', async () => {
    const channel = idempotent(ours);
    expect(await channel.refusal(answer(200))).toBeUndefined();
    expect(await channel.refusal(answer(204, ''))).toBeUndefined();
    expect(await channel.refusal(answer(409))).toBeUndefined();
    expect(await channel.refusal(answer(200, '{"status":7}'))).toMatchObject({ class: 'recipient', code: '7' });
    expect(await channel.refusal(answer(500, ''))).toMatchObject({ class: 'retry' });
  });
});

describe('what a channel supports', () => {
  const sender = { address: 'P1', fields: {}, secrets: {} };
  const message = (content: object) => ({ ...sent.message, ...content });

  it.each([
    ['text', { body: 'coo' }, undefined],
    ['an image', { media: [{ url: 'https://m.example/a.png' }] }, undefined],
    ['a sound', { media: [{ url: 'https://m.example/a.mp3' }] }, 'media'],
    ['a file of no known type', { media: [{ url: 'https://m.example/a' }] }, 'media'],
    [
      'an image and a sound',
      { media: [{ url: 'https://m.example/a.png' }, { url: 'https://m.example/a.mp3' }] },
      'media',
    ],
    ['a named location', { location: { latitude: 1, longitude: 2, label: 'Roof' } }, undefined],
    ['a location without a name', { location: { latitude: 1, longitude: 2 } }, 'kind'],
    ['a template', { template: { name: 't', language: 'en', parameters: [] } }, 'kind'],
    ['buttons', { body: 'coo?', actions: [{ type: 'reply', title: 'Coo' }] }, 'kind'],
    ['nothing', {}, 'kind'],
  ])('%s: is known before it is sent, without any secret', async (_label, content, what) => {
    const refusal = await pigeonWith(() => ({})).supports(message(content), sender);
    expect(refusal?.what).toBe(what);
    if (refusal) expect(refusal.reason).not.toBe('');
  });

  it('is not a message on which a condition fails, and the reason quotes nothing of it', async () => {
    const channel = pigeonWith((spec) => ({
      outbound: { ...spec.outbound, cases: [{ kind: 'text', when: '{% $number(text) > 1 %}', body: {} }] },
    }));
    const refusal = await channel.supports(message({ body: 'PRIVATE' }), sender);
    expect(refusal).toEqual({ what: 'kind', reason: expect.stringContaining('failed on this input') });
    expect(refusal?.reason).not.toContain('PRIVATE');
  });
});
