import { describe, expect, it } from 'vitest';
import { accepted, failed, START, startDelivery } from './support.ts';

const { SenderSecrets } = await import('../../lambdas/platform/sender-secrets.ts');

const delivery = startDelivery();

describe('a channel with sessions', () => {
  const session = (token: string, days: number) => ({
    token,
    expiresAt: new Date(START + days * 86_400_000).toISOString(),
  });
  const withLogin = (given: string) =>
    delivery.channel({
      login: {
        renewBefore: 86_400,
        request: async () => ({ method: 'POST', url: `${delivery.provider.url}/login`, headers: {}, body: '' }),
        session: async () => session(given, 7),
      },
      render: async (_message, _sender, current) => [
        {
          method: 'POST',
          url: `${delivery.provider.url}/send`,
          headers: { authorization: current?.token ?? '' },
          body: '',
        },
      ],
    });

  it('stores a new session before it uses it', async () => {
    delivery.provider.script({}, accepted());
    await delivery.deliver(await delivery.queue(), withLogin('new'));

    expect(delivery.provider.requests.map(({ path, headers }) => [path, headers['authorization']])).toEqual([
      ['/login', undefined],
      ['/send', 'new'],
    ]);
    expect((await delivery.secrets.get(delivery.sender.secretId, { fresh: true })).session?.token).toBe('new');
  });

  it('uses a session that is far from its end without logging in', async () => {
    await delivery.secrets.put(delivery.sender.secretId, {
      secrets: {},
      webhookSecret: 'w',
      session: session('kept', 3),
    });
    delivery.provider.script(accepted());
    await delivery.deliver(await delivery.queue(), withLogin('new'));
    expect(delivery.provider.requests.map(({ headers }) => headers['authorization'])).toEqual(['kept']);
  });

  it('replaces a session that the channel refuses, once, and sends', async () => {
    await delivery.secrets.put(delivery.sender.secretId, {
      secrets: {},
      webhookSecret: 'w',
      session: session('dead', 3),
    });
    delivery.provider.script(failed({ class: 'auth', twilioCode: 63001, scope: 'sender' }), {}, accepted());
    const message = await delivery.queue();

    await delivery.deliver(message, withLogin('new'));

    expect(delivery.provider.requests.map(({ path }) => path)).toEqual(['/send', '/login', '/send']);
    expect((await delivery.stored(message)).status).toBe('sent');
  });

  it('uses the session that another function has stored meanwhile', async () => {
    await delivery.secrets.put(delivery.sender.secretId, {
      secrets: {},
      webhookSecret: 'w',
      session: session('dead', 3),
    });
    const elsewhere = new SenderSecrets('senders/');
    delivery.provider.script(failed({ class: 'auth', twilioCode: 63001, scope: 'sender' }), accepted());
    const message = await delivery.queue();
    await delivery.secrets.get(delivery.sender.secretId);
    await elsewhere.put(delivery.sender.secretId, { secrets: {}, webhookSecret: 'w', session: session('fresh', 7) });

    await delivery.deliver(message, withLogin('unused'));

    expect(delivery.provider.requests.map(({ headers }) => headers['authorization'])).toEqual(['dead', 'fresh']);
  });
});
