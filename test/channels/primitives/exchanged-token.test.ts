import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { scopesOf } from '../../../lambdas/channels/expressions/scope.ts';
import { MissingValueError } from '../../../lambdas/channels/http/request.ts';
import type { Mistake } from '../../../lambdas/channels/mistakes.ts';
import { authSchema, compileAuth } from '../../../lambdas/channels/primitives/auth/registry.ts';
import { ChannelAnswerError } from '../../../lambdas/channels/types.ts';

const AT = Date.parse('2026-01-01T00:00:00Z');
const WEEK = 604_800;
const sender = { address: 'a', fields: { app: '7' }, secrets: { token: 'first', secret: 's&' } };
const unable = { ...sender, fields: {} };
const stored = { token: 'stored', expiresAt: '2026-02-01T00:00:00.000Z' };

const spec = {
  scheme: 'exchanged-token',
  first: '{% sender.secrets.token %}',
  when: '{% sender.fields.app %}',
  exchange: {
    method: 'GET',
    url: 'https://x.example/token',
    query: { id: '{% sender.fields.app %}', secret: '{% sender.secrets.secret %}', old: '{% session.token %}' },
  },
  lifetime: 4 * WEEK,
  renewBefore: WEEK,
  use: { scheme: 'static-header', value: 'Bearer {% session.token %}' },
};

function compiled(changes: object = {}, mistakes: Mistake[] = []) {
  const scopes = scopesOf(['app'], ['token', 'secret']);
  const host = { now: () => AT, environment: {} };
  const parsed = authSchema.parse({ ...spec, ...changes });
  const auth = compileAuth(parsed, ['auth'], scopes, createTemplateCompiler(mistakes), host);
  if (!auth.login?.given || !auth.current) throw new Error('An exchanged token is a session.');
  return { ...auth, login: auth.login, given: auth.login.given, current: auth.current };
}

describe('a token that is exchanged', () => {
  it.each([
    ['the first one', undefined, 'first'],
    ['the stored one', stored, 'stored'],
  ])('is %s', async (_label, last, old) => {
    const { login } = compiled();
    expect(await login.request(sender, AT, false, last)).toEqual({
      method: 'GET',
      url: `https://x.example/token?id=7&secret=s%26&old=${old}`,
      headers: {},
    });
  });

  it.each([
    ['is the first one while there is no other', undefined, 'first'],
    ['is the newest', stored, 'stored'],
  ])('in requests %s', async (_label, session, token) => {
    const { authorize, current } = compiled();
    const roots = { sender, session: await current(sender, session) };
    const { headers } = await authorize({ method: 'GET', url: 'https://x.example/', headers: {} }, roots);
    expect(headers).toEqual({ Authorization: `Bearer ${token}` });
  });

  it('must be there', async () => {
    const bare = { ...sender, secrets: {} };
    await expect(compiled().login.request(bare, AT, false)).rejects.toThrow(MissingValueError);
  });
});

describe('a sender begins', () => {
  const own = { session: { token: 'first', expiresAt: '2026-01-29T00:00:00.000Z' } };
  it.each<[string, object, typeof sender | typeof unable, unknown]>([
    ['with an exchange', {}, sender, undefined],
    ['without any session where its token cannot be exchanged', {}, unable, {}],
    ['with its own token where that is too new to be exchanged', { atOnce: false }, sender, own],
    ['with nothing where that one cannot be exchanged ever', { atOnce: false }, unable, {}],
    ['with an exchange where every token can be', { when: undefined }, unable, undefined],
  ])('%s', async (_label, changes, who, expected) => {
    expect(await compiled(changes).given(who, AT)).toEqual(expected);
  });
});

describe('an answer to an exchange', () => {
  it.each<[string, object, string]>([
    ['says how long the token is good', { access_token: 't', expires_in: 86_400 }, '2026-01-02T00:00:00.000Z'],
    ['may say it as a text', { access_token: 't', expires_in: '86400' }, '2026-01-02T00:00:00.000Z'],
    ['may not say it', { access_token: 't' }, '2026-01-29T00:00:00.000Z'],
    ['may say nothing of it', { access_token: 't', expires_in: null }, '2026-01-29T00:00:00.000Z'],
    ['may say what is no time', { access_token: 't', expires_in: 0 }, '2026-01-29T00:00:00.000Z'],
  ])('%s', async (_label, body, expiresAt) => {
    const answer = { status: 200, headers: {}, body: JSON.stringify(body) };
    expect(await compiled().login.session(answer, AT)).toEqual({ token: 't', expiresAt });
  });

  it.each([
    ['that refuses the token says what to do', 400, '{"error":{"code":190}}', /get a new token.*register it again/],
    ['that refuses the app says so too', 401, '', /HTTP 401/],
    ['of too many calls does not', 429, '', /^the login answer \(HTTP 429\)/],
    ['of a provider that is down does not', 503, '<html>', /^the login answer \(HTTP 503\)/],
    ['without a token is none', 200, '{}', /no session token/],
  ])('%s', async (_label, status, body, says) => {
    const reading = compiled().login.session({ status, headers: {}, body }, AT);
    await expect(reading).rejects.toThrow(ChannelAnswerError);
    await expect(reading).rejects.toThrow(says);
  });
});

describe('a spec with an exchanged token', () => {
  it('has its mistakes told where they stand', () => {
    const mistakes: Mistake[] = [];
    const changes = {
      first: '{% session.token %}',
      when: '{% sender.fields.ap %}',
      renewBefore: 4 * WEEK,
      exchange: { ...spec.exchange, query: { old: '{% sesion.token %}' } },
    };
    compiled(changes, mistakes);
    expect(mistakes.map(({ path }) => path.join('.')).sort()).toEqual([
      'auth.exchange.query.old',
      'auth.first',
      'auth.renewBefore',
      'auth.when',
    ]);
  });
});
