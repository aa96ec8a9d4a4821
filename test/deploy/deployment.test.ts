import { describe, expect, inject, it } from 'vitest';
import { Stacks } from './stacks.ts';

const { url, accountSid, authToken, aws, directory } = inject('deployment');

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

describe('A deployed gateway', () => {
  it('has every resource that its templates ask for', async () => {
    const stacks = new Stacks(aws, directory);
    // AWS::CDK::Metadata is the CDK's usage statistics and makes nothing.
    const ids = [...stacks.deployedTemplates()].filter(([, type]) => type !== 'AWS::CDK::Metadata').map(([id]) => id);
    expect(ids.length).toBeGreaterThan(60);

    const existing = await stacks.existing();
    expect(Object.fromEntries(ids.map((id) => [id, existing.get(id)]))).toEqual(
      Object.fromEntries(ids.map((id) => [id, 'CREATE_COMPLETE'])),
    );
  });

  it('knows its root account by the token that the AuthTokenCommand output prints', async () => {
    const messages = `${url}/2010-04-01/Accounts/${accountSid}/Messages.json`;
    expect(authToken).toMatch(/^[0-9a-f]{32}$/);
    expect((await fetch(messages, { headers: basic(accountSid, authToken) })).status).toBe(200);

    const refused = await fetch(messages, { headers: basic(accountSid, '0'.repeat(32)) });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: 20003 });
  });

  it('answers a path that does not exist as Twilio does', async () => {
    const answer = await fetch(`${url}/nothing/here`, { headers: basic(accountSid, authToken) });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 20404, status: 404 });
  });
});
