import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { scopesOf } from '../../../lambdas/channels/expressions/scope.ts';
import type { Mistake } from '../../../lambdas/channels/mistakes.ts';
import { authSchema, compileAuth } from '../../../lambdas/channels/primitives/auth/registry.ts';
import { ChannelAnswerError, type HttpRequest } from '../../../lambdas/channels/types.ts';

// Whoever authorizes a request writes on it, so each test has its own.
const request = (): HttpRequest => ({
  method: 'POST',
  url: 'https://x.example/send?v=2',
  headers: { 'X-A': '1' },
  body: '{}',
});
const sender = { address: 'a', fields: { user: 'Zoë' }, secrets: { key: 'k+/=&' } };
const scopes = scopesOf(['user'], ['key']);

function compiled(spec: unknown, mistakes: Mistake[] = []) {
  return compileAuth(authSchema.parse(spec), ['auth'], scopes, createTemplateCompiler(mistakes), {
    now: () => 0,
    environment: {},
  });
}

describe('credentials', () => {
  it.each([
    [
      'in Authorization',
      { scheme: 'static-header', value: 'Bearer {% sender.secrets.key %}' },
      { headers: { 'X-A': '1', Authorization: 'Bearer k+/=&' } },
    ],
    [
      'in a header of the provider',
      { scheme: 'static-header', header: 'X-Key', value: '{% sender.secrets.key %}' },
      { headers: { 'X-A': '1', 'X-Key': 'k+/=&' } },
    ],
    [
      'in the query, percent-encoded',
      { scheme: 'query-key', name: 'key', value: '{% sender.secrets.key %}' },
      { url: 'https://x.example/send?v=2&key=k%2B%2F%3D%26' },
    ],
    // Base64 of `Zoë:k+/=&` in UTF-8.
    [
      'as HTTP Basic',
      { scheme: 'basic', username: '{% sender.fields.user %}', password: '{% sender.secrets.key %}' },
      { headers: { 'X-A': '1', Authorization: 'Basic Wm/DqzprKy89Jg==' } },
    ],
  ])('go %s', async (_label, spec, changes) => {
    expect(await compiled(spec).authorize(request(), { sender })).toEqual({ ...request(), ...changes });
  });

  it('that are missing leave the request as it is', async () => {
    const { authorize } = compiled({ scheme: 'static-header', value: 'Bearer {% session.token %}' });
    expect(await authorize(request(), { sender })).toEqual(request());
  });
});

describe('a login session', () => {
  const spec = {
    scheme: 'login-session',
    login: {
      method: 'POST',
      url: 'https://x.example/token',
      encoding: 'form',
      body: { secret: '{% sender.secrets.key %}' },
    },
    token: '{% answer.body.access_token %}',
    expiresIn: '{% answer.body.expires_in %}',
    renewBefore: 300,
    use: { scheme: 'query-key', name: 'access_token', value: '{% session.token %}' },
  };
  const at = Date.parse('2026-01-02T03:04:05Z');

  it('is obtained with a request of its own', async () => {
    expect(await compiled(spec).login?.request(sender, at, false)).toEqual({
      method: 'POST',
      url: 'https://x.example/token',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'secret=k%2B%2F%3D%26',
    });
  });

  it.each([
    [
      'the seconds that the answer names',
      spec.expiresIn,
      '{"access_token":"t","expires_in":7200}',
      '2026-01-02T05:04:05.000Z',
    ],
    ['the seconds that the provider documents', 60, '{"access_token":"t"}', '2026-01-02T03:05:05.000Z'],
  ])('is good for %s', async (_label, expiresIn, body, expiresAt) => {
    const session = await compiled({ ...spec, expiresIn }).login?.session({ status: 200, headers: {}, body }, at);
    expect(session).toEqual({ token: 't', expiresAt });
  });

  it('is carried by requests', async () => {
    const session = { token: 't&', expiresAt: '' };
    expect((await compiled(spec).authorize(request(), { sender, session })).url).toBe(
      'https://x.example/send?v=2&access_token=t%26',
    );
  });

  it.each([
    ['an error', 401, '{"access_token":"PRIVATE","expires_in":7200}'],
    ['no token', 200, '{"expires_in":7200,"x":"PRIVATE"}'],
    ['no expiry', 200, '{"access_token":"PRIVATE"}'],
    ['no JSON', 200, '<html>PRIVATE</html>'],
    ['nothing', 200, ''],
  ])('is not in an answer with %s, and the error quotes nothing of it', async (_label, status, body) => {
    const reading = compiled(spec).login?.session({ status, headers: {}, body }, at);
    await expect(reading).rejects.toThrow(ChannelAnswerError);
    await expect(reading).rejects.not.toThrow('PRIVATE');
  });

  it.each([{}, { expiresIn: 60, expiresAt: '{% answer.body.at %}' }])('needs one way to know its end: %j', (ends) => {
    const mistakes: Mistake[] = [];
    compiled({ ...spec, expiresIn: undefined, ...ends }, mistakes);
    expect(mistakes.map(({ message }) => message)).toEqual(['a session needs either "expiresAt" or "expiresIn"']);
  });
});

describe('the permissions of AWS signatures', () => {
  const withPermission = (permission: object) =>
    authSchema.safeParse({ scheme: 'aws-sigv4', service: 'loft', region: 'r', permissions: [permission] });

  it.each<[string, object]>([
    ['an action', { actions: ['loft:Fly'] }],
    ['actions on resources', { actions: ['loft:Fly', 'loft:Land'], resources: ['nest/*', 'tree:oak/*', 'nest/a.b-c'] }],
    ['conditions', { actions: ['loft:Fly'], conditions: { 'ForAllValues:StringLike': { 'aws:TagKeys': ['a', 'b'] } } }],
  ])('may be %s', (_label, permission) => {
    expect(withPermission(permission).error?.issues).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['an action without its service', { actions: ['Fly'] }, 'a service and an action'],
    ['a pattern of actions', { actions: ['loft:*'] }, 'a service and an action'],
    ['no action', { actions: [] }, '1'],
    ['actions of two services', { actions: ['loft:Fly', 'nest:Build'] }, 'actions of one service'],
    ['everything by a star', { actions: ['loft:Fly'], resources: ['*'] }, 'what follows the account'],
    ['a whole ARN', { actions: ['loft:Fly'], resources: ['arn:aws:loft:r:1:nest/*'] }, 'what follows the account'],
    [
      'a condition without operator',
      { actions: ['loft:Fly'], conditions: { 'aws:TagKeys': { 'aws:a': 'a' } } },
      'an operator',
    ],
    [
      'a condition on nothing',
      { actions: ['loft:Fly'], conditions: { StringEquals: { app: 'a' } } },
      'a condition key',
    ],
    ['an effect', { actions: ['loft:Fly'], effect: 'Deny' }, 'effect'],
  ])('may not be %s', (_label, permission, says) => {
    expect(JSON.stringify(withPermission(permission).error?.issues)).toContain(says);
  });
});
