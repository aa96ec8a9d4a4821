import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTemplateCompiler } from '../../../lambdas/channels/expressions/checked.ts';
import { scopesOf } from '../../../lambdas/channels/expressions/scope.ts';
import { MissingValueError } from '../../../lambdas/channels/http/request.ts';
import type { Mistake } from '../../../lambdas/channels/mistakes.ts';
import { authSchema, compileAuth } from '../../../lambdas/channels/primitives/auth/registry.ts';

const AT = Date.parse('2023-11-14T22:13:20Z');
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const sender = { address: 'a', fields: { id: 'me@x' }, secrets: { key: privateKey, secret: 's&' } };
const use = { scheme: 'static-header', value: 'Bearer {% session.token %}' };

function compiled(spec: object, mistakes: Mistake[] = []) {
  const scopes = scopesOf(['id'], ['key', 'secret']);
  const host = { now: () => AT, environment: {} };
  return compileAuth(authSchema.parse(spec), ['auth'], scopes, createTemplateCompiler(mistakes), host);
}

const bearer = {
  scheme: 'jwt-bearer',
  tokenUrl: 'https://x.example/token',
  privateKey: '{% sender.secrets.key %}',
  header: { kid: '1' },
  claims: { iss: '{% sender.fields.id %}', aud: 'https://x.example/' },
  lifetime: 600,
  grant: { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: '{% assertion %}' },
  renewBefore: 300,
  use,
};

/** The header and the claims of the assertion in a form. */
function assertionOf(body: unknown, field = 'assertion') {
  const [header = '', claims = ''] = (new URLSearchParams(String(body)).get(field) ?? '').split('.');
  return [header, claims].map((part): unknown => JSON.parse(Buffer.from(part, 'base64url').toString()));
}

describe('OAuth 2 client credentials', () => {
  const spec = {
    scheme: 'oauth2-client-credentials',
    tokenUrl: 'https://x.example/token',
    clientId: '{% sender.fields.id %}',
    clientSecret: '{% sender.secrets.secret %}',
    renewBefore: 60,
    use,
  };

  it('are exchanged for a token in a form', async () => {
    expect(await compiled(spec).login?.request(sender, AT, false)).toEqual({
      method: 'POST',
      url: 'https://x.example/token',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials&client_id=me%40x&client_secret=s%26',
    });
  });

  it('say what for, where the provider asks', async () => {
    const request = await compiled({ ...spec, scope: 'send read' }).login?.request(sender, AT, false);
    expect(request?.body).toMatch(/&scope=send\+read$/);
  });

  it('give a token for as long as the answer says', async () => {
    const answer = { status: 200, headers: {}, body: '{"access_token":"t","expires_in":900}' };
    expect(await compiled(spec).login?.session(answer, AT)).toEqual({
      token: 't',
      expiresAt: '2023-11-14T22:28:20.000Z',
    });
  });
});

describe('a login after a token that was refused', () => {
  const login = (again: boolean) => {
    const body = { secret: '{% sender.secrets.secret %}', force: '{% again ? true %}' };
    const spec = {
      scheme: 'login-session',
      login: { method: 'POST', url: 'https://x.example/token', body },
      token: '{% answer.body.t %}',
      expiresIn: 60,
      renewBefore: 1,
      use,
    };
    return compiled(spec).login?.request(sender, AT, again);
  };

  it.each([
    [false, { secret: 's&' }],
    [true, { secret: 's&', force: true }],
  ])('can say so (%s)', async (again, body) => {
    expect(JSON.parse(String((await login(again))?.body))).toEqual(body);
  });
});

describe('a signed assertion', () => {
  it('says who we are, and for how long', async () => {
    const request = await compiled(bearer).login?.request(sender, AT, false);
    expect(request?.url).toBe('https://x.example/token');
    expect(assertionOf(request?.body)).toEqual([
      { alg: 'RS256', typ: 'JWT', kid: '1' },
      { iss: 'me@x', aud: 'https://x.example/', iat: 1700000000, exp: 1700000600 },
    ]);
  });

  it('is sent in the form that a client assertion wants, with its own claims', async () => {
    const request = await compiled({
      ...bearer,
      claims: { ...bearer.claims, iat: 1, token_exp: 2592000 },
      grant: { grant_type: 'client_credentials', client_assertion: '{% assertion %}' },
    }).login?.request(sender, AT, false);
    expect(assertionOf(request?.body, 'client_assertion')[1]).toMatchObject({ iat: 1, token_exp: 2592000 });
    expect(request?.body).toMatch(/^grant_type=client_credentials&client_assertion=/);
  });

  it.each([
    ['has no key', { ...sender, secrets: {} }],
    ['has no RSA key', { ...sender, secrets: { key: 'SECRET' } }],
  ])('is not made for a sender that %s', async (_label, other) => {
    const request = compiled(bearer).login?.request(other, AT, false);
    await expect(request).rejects.toThrow(MissingValueError);
    await expect(request).rejects.not.toThrow('SECRET');
  });

  it('has its mistakes told where they stand', () => {
    const mistakes: Mistake[] = [];
    compiled({ ...bearer, claims: { iss: '{% sender.fields.ide %}' }, grant: { a: '{% assertoin %}' } }, mistakes);
    expect(mistakes.map(({ path }) => path.join('.'))).toEqual(['auth.claims.iss', 'auth.grant.a']);
  });
});
