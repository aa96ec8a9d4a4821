import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../lambdas/channels/expressions/checked.ts';
import { scopesOf } from '../../lambdas/channels/expressions/scope.ts';
import type { Mistake } from '../../lambdas/channels/mistakes.ts';
import { compileOutbound, outboundSchema, selectCase } from '../../lambdas/channels/outbound.ts';

const common = {
  method: 'POST',
  url: 'https://x.example/send',
  headers: { 'X-A': '1' },
  body: { to: 'P1', deep: { a: 1 } },
};

function compiled(cases: object[], mistakes: Mistake[] = [], request: object = common) {
  const spec = outboundSchema.parse({ inDoubt: 'resend', request, cases });
  return compileOutbound(spec, ['outbound'], scopesOf([], []), createTemplateCompiler(mistakes));
}

describe('the case that sends a part', () => {
  const image = { url: 'https://m.example/a', contentType: 'image/png', filename: undefined };
  const cases = compiled([
    { kind: 'text', when: '{% message.tag = "tagged" %}', body: {} },
    { kind: 'text', when: '{% $count(message.actions) > 1 %}', body: {} },
    { kind: 'text', body: {} },
    { kind: 'media', contentTypes: ['image/png'], when: '{% text %}', body: {} },
    { kind: 'media', contentTypes: ['image/*', 'audio/ogg'], body: {} },
    { kind: 'location', when: '{% message.location.label %}', body: {} },
  ]);
  const message = (content: object) => ({ message: content, media: undefined });

  it.each<[string, 'text' | 'media' | 'location' | 'template', Record<string, unknown>, number | undefined]>([
    ['the first whose condition holds', 'text', message({ tag: 'tagged', actions: [1, 2] }), 0],
    ['one whose condition JSONata runs', 'text', message({ actions: [1, 2] }), 1],
    ['the one after conditions that do not hold', 'text', message({ actions: [1] }), 2],
    ['one for its content type', 'media', { media: image, text: 'look' }, 3],
    ['one for a family of them', 'media', { media: image }, 4],
    ['that, with parameters', 'media', { media: { ...image, contentType: 'Audio/OGG; codecs=opus' } }, 4],
    ['none for another content type', 'media', { media: { ...image, contentType: 'video/mp4' } }, undefined],
    ['none for a file of no known type', 'media', { media: { ...image, contentType: undefined } }, undefined],
    ['none when no condition holds', 'location', message({ location: {} }), undefined],
    ['none for a kind without a case', 'template', message({}), undefined],
  ])('is %s', async (_label, kind, roots, index) => {
    expect(await selectCase(cases, kind, roots)).toBe(index === undefined ? undefined : cases[index]);
  });
});

describe('the request of a case', () => {
  it.each([
    ['what all have in common', {}, { body: '{"to":"P1","deep":{"a":1}}' }],
    [
      'its own values over it, object by object',
      { url: 'https://x.example/pictures', headers: { 'X-B': '2' }, body: { deep: { b: 2 } } },
      {
        url: 'https://x.example/pictures',
        headers: { 'X-A': '1', 'X-B': '2', 'Content-Type': 'application/json' },
        body: '{"to":"P1","deep":{"a":1,"b":2}}',
      },
    ],
    ['a list or a text in place of an object', { body: { deep: [3] } }, { body: '{"to":"P1","deep":[3]}' }],
    ['another encoding', { encoding: 'form' }, { body: 'to=P1&deep=%7B%22a%22%3A1%7D' }],
  ])('is %s', async (_label, own, expected) => {
    const [first] = compiled([{ kind: 'text', ...own }]);
    expect(await first?.requests().build({})).toMatchObject({ method: 'POST', url: common.url, ...expected });
  });
});

describe('cases that cannot be meant', () => {
  it.each<[string, object[], string[]]>([
    [
      'a case after one that takes all of its kind',
      [{ kind: 'text' }, { kind: 'text', when: '{% message.tag %}' }],
      ['outbound.cases.1: never reached: an earlier case takes every message of kind "text"'],
    ],
    [
      'content types that are taken',
      [
        { kind: 'media', contentTypes: ['image/*'] },
        { kind: 'media', contentTypes: ['image/png'] },
      ],
      ['outbound.cases.1: never reached: earlier cases take all its content types'],
    ],
    [
      'content types of a text',
      [{ kind: 'text', contentTypes: ['text/plain'] }],
      ['outbound.cases.0.contentTypes: only "media" and "actions" have content types'],
    ],
    [
      'a text with a place',
      [{ kind: 'location', text: { max: 10 } }],
      ['outbound.cases.0.text: only "media" and "actions" carry a text besides'],
    ],
    ['none: one with a condition leaves the others', [{ kind: 'text', when: '{% text %}' }, { kind: 'text' }], []],
  ])('%s', (_label, cases, expected) => {
    const mistakes: Mistake[] = [];
    compiled(cases, mistakes);
    expect(mistakes.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual(expected);
  });

  it('have what they have in common told once, where it stands', () => {
    const mistakes: Mistake[] = [];
    compiled([{ kind: 'text' }, { kind: 'location' }], mistakes, { ...common, body: { to: '{% mesage.to %}' } });
    expect(mistakes.map(({ path }) => path.join('.'))).toEqual(['outbound.request.body.to']);
  });

  it('lack what neither they nor all have', () => {
    const mistakes: Mistake[] = [];
    compiled([{ kind: 'text', method: 'PUT' }, { kind: 'location' }], mistakes, {});
    expect(mistakes.map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual([
      'outbound.cases.0: its request lacks "url"; give it here or in outbound.request',
      'outbound.cases.1: its request lacks "method", "url"; give it here or in outbound.request',
    ]);
  });
});
