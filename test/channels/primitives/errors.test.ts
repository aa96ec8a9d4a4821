import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { scopesOf } from '../../../lambdas/channels/expressions/scope.ts';
import type { Mistake } from '../../../lambdas/channels/mistakes.ts';
import { compileErrors, errorsSchema } from '../../../lambdas/channels/primitives/errors.ts';

const fallback = {
  '2xx': { class: 'permanent', twilioCode: 30001 },
  '3xx': { class: 'permanent', twilioCode: 30002 },
  '4xx': { class: 'permanent', twilioCode: 30003 },
  '429': { class: 'rate-limited', twilioCode: 30004, retryAfter: 60 },
  '5xx': { class: 'retry', twilioCode: 30005 },
};
const rules = [
  { codes: [7, '8'], status: [400], class: 'recipient', twilioCode: 30010 },
  { codes: [7], class: 'window', twilioCode: 30011 },
  { status: [401], class: 'auth', twilioCode: 30012 },
  { codes: [9], class: 'auth', twilioCode: 30013, scope: 'contact' },
  { when: '{% $contains(answer.body.note, "quota") %}', class: 'permanent', twilioCode: 30014, scope: 'sender' },
  { status: [409], class: 'accepted', id: '{% answer.body.before %}' },
  { codes: [12], class: 'accepted' },
];

function compiled(changes: object = {}, mistakes: Mistake[] = []) {
  const spec = {
    code: '{% answer.body.code %}',
    title: '{% answer.body.title %}',
    success: [0, 'ok'],
    rules,
    default: fallback,
  };
  return compileErrors(
    errorsSchema.parse({ ...spec, ...changes }),
    ['errors'],
    scopesOf([], []),
    createTemplateCompiler(mistakes),
  );
}
const table = compiled();
const answer = (status: number, body: unknown = undefined, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body,
});
async function classified(status: number, body?: unknown, headers?: Record<string, string>) {
  const roots = { answer: answer(status, body, headers) };
  return table.classify(roots, await table.codeOf(roots), () => 'the usual id');
}

describe('a code in an answer', () => {
  it.each([
    [{ code: 7 }, '7'],
    [{ code: 'E7' }, 'E7'],
    [{ code: 0 }, undefined],
    [{ code: 'ok' }, undefined],
    [{ code: null }, undefined],
    [{}, undefined],
    [undefined, undefined],
    [[], undefined],
  ])('of %j is %s', async (body, code) => {
    expect(await table.codeOf({ answer: answer(200, body) })).toBe(code);
  });
});

describe('a failure', () => {
  it.each([
    ['a rule about its code and status', 400, { code: 8 }, { class: 'recipient', twilioCode: 30010, code: '8' }],
    ['the next rule, when the status is another', 422, { code: 7 }, { class: 'window', twilioCode: 30011 }],
    ['a rule about its status', 401, undefined, { class: 'auth', twilioCode: 30012, scope: 'sender' }],
    ['a rule with whom it stops', 400, { code: 9 }, { twilioCode: 30013, scope: 'contact' }],
    ['a condition', 403, { note: 'no quota' }, { twilioCode: 30014, scope: 'sender' }],
    ['its family, where the condition fails on the answer', 403, { note: 17 }, { twilioCode: 30003 }],
    ['its family, whatever its unknown code', 400, { code: 99 }, { twilioCode: 30003, code: '99', scope: 'contact' }],
    ['a success that lacks its id', 200, {}, { class: 'permanent', twilioCode: 30001 }],
    ['a redirect', 307, undefined, { class: 'permanent', twilioCode: 30002 }],
    ['a rate limit', 429, undefined, { class: 'rate-limited', twilioCode: 30004, retryAfter: 60, scope: 'sender' }],
    ['an error of the server', 599, undefined, { class: 'retry', twilioCode: 30005, scope: 'contact' }],
  ])('means what is said of %s', async (_label, status, body, outcome) => {
    expect(await classified(status, body)).toMatchObject({ outcome: 'failed', ...outcome });
  });

  it.each([
    [{ title: 'Too fast' }, 'Too fast'],
    [{ title: { of: 'a book' } }, undefined],
    [{}, undefined],
  ])('with %j has the title %s', async (body, title) => {
    const outcome = await classified(500, body);
    expect(outcome).toMatchObject({ outcome: 'failed' });
    expect('title' in outcome ? outcome.title : undefined).toBe(title);
  });

  it.each([
    ['what the answer says, before what the spec does', { 'retry-after': '5' }, 5],
    ['nothing, when the answer says so', { 'retry-after': '0' }, 0],
    ['what the spec says, when the answer cannot be read', { 'retry-after': 'later' }, 60],
    ['what the spec says, when the answer says nothing', { 'retry-after': ' ' }, 60],
  ])('waits for %s', async (_label, headers, retryAfter) => {
    expect(await classified(429, undefined, headers)).toMatchObject({ retryAfter });
  });
});

describe('a failure that is none', () => {
  it.each([
    [409, { before: 17 }, { outcome: 'accepted', id: '17' }],
    [409, {}, { outcome: 'accepted' }],
    [400, { code: 12 }, { outcome: 'accepted', id: 'the usual id' }],
  ])('%i with %j has the id that the rule finds, or else the usual one', async (status, body, outcome) => {
    expect(await classified(status, body)).toEqual(outcome);
  });
});

describe('a request that is no message', () => {
  it.each([
    [200, undefined, undefined],
    [204, { code: 0 }, undefined],
    [200, { code: 7 }, { class: 'window' }],
    [500, undefined, { class: 'retry' }],
    [409, undefined, undefined],
  ])('answered %i with %j fails with %j', async (status, body, failure) => {
    expect(await table.refusal(answer(status, body))).toEqual(failure && expect.objectContaining(failure));
  });
});

describe("Twilio's code for a code in a status event", () => {
  it.each([
    ['7', 30010],
    ['9', 30013],
    ['99', 30003],
  ])('%s is %i', (code, expected) => {
    expect(table.twilioCode(code)).toBe(expected);
  });
});

describe('a table that cannot be meant', () => {
  const verdict = { class: 'retry', twilioCode: 30020 };

  it.each<[string, object[], string]>([
    ['a rule about nothing', [verdict], 'a rule needs "codes", "status" or "when"; what fits all is "default"'],
    ['a failure without its code', [{ codes: [1], class: 'retry' }], 'a failure needs its "twilioCode"'],
    [
      'an id of a failure',
      [{ codes: [1], ...verdict, id: '{% answer.body.id %}' }],
      'only a rule of class "accepted" has an id',
    ],
    [
      'a code that is taken',
      [
        { codes: [1], ...verdict },
        { codes: ['1'], status: [400], ...verdict },
      ],
      'code 1 is never reached: rule 1 takes it already',
    ],
    [
      'a status that is taken',
      [
        { status: [400], ...verdict },
        { status: [400], when: '{% answer.body.x %}', ...verdict },
      ],
      'status 400 is never reached: rule 1 takes it already',
    ],
  ])('for %s is told so', (_label, given, message) => {
    const mistakes: Mistake[] = [];
    compiled({ rules: given }, mistakes);
    expect(mistakes.map((mistake) => mistake.message)).toEqual([message]);
  });
});
