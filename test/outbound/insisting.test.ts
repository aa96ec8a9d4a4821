import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Channel, Session } from '../../lambdas/channels/types.ts';
import type { Sender, SenderSecret } from '../../lambdas/domain/sender.ts';
import { CredentialSource } from '../../lambdas/outbound/credentials.ts';
import { startProvider } from '../support/provider.ts';

const provider = await startProvider();
afterAll(() => provider.stop());

const HOUR = 3_600_000;
const NOW = Date.parse('2026-03-01T12:00:00Z');
const sessionOf = (token: string): Session => ({ token, expiresAt: new Date(NOW + 2 * HOUR).toISOString() });
const insisted = (token: string): Session => ({ ...sessionOf(token), insisted: true });
const sender = { sid: 'XE1', accountSid: 'AC1', address: 'a', fields: {}, secretId: 's' } as Partial<Sender> as Sender;

/** A channel whose login says whether it insists, and whose token is what the provider answers. */
const channel = {
  name: 'stub',
  login: {
    renewBefore: 300,
    request: async (_sender, _at, again) => ({
      method: 'POST',
      url: `${provider.url}/login?again=${again}`,
      headers: {},
    }),
    session: async ({ body }) => sessionOf(JSON.parse(body).token),
  },
} as Partial<Channel> as Channel;

let stored: SenderSecret;
let source: CredentialSource;
beforeEach(() => {
  provider.requests.length = 0;
  stored = { secrets: {}, webhookSecret: '', session: sessionOf('old') };
  source = new CredentialSource({
    secrets: {
      get: async () => stored,
      put: async (_id, secret) => {
        stored = secret;
      },
    },
    sessions: { lease: async () => ({ failures: 0 }), release: async () => undefined, schedule: async () => undefined },
    allowLoopback: true,
  });
});

/** What the provider is asked, and what comes of it, when a token was refused. */
async function renew(rejected: Session, tokens: string[]) {
  provider.script(...tokens.map((token) => ({ body: { token } })));
  stored = { ...stored, session: rejected };
  provider.requests.length = 0;
  const { session } = await source.get(sender, channel, NOW, rejected);
  return { insists: provider.requests.map(({ path }) => path.endsWith('=true')), session, stored: stored.session };
}

describe('a session whose token was refused', () => {
  it.each<[string, { rejected: Session; tokens: string[] }, { insists: boolean[]; session: Session }]>([
    [
      'is another one after a login',
      { rejected: sessionOf('old'), tokens: ['new'] },
      { insists: [false], session: sessionOf('new') },
    ],
    [
      'is insisted upon where the login gives the same',
      { rejected: sessionOf('old'), tokens: ['old', 'new'] },
      { insists: [false, true], session: insisted('new') },
    ],
    [
      'is not insisted upon twice',
      { rejected: insisted('old'), tokens: ['old'] },
      { insists: [false], session: insisted('old') },
    ],
    [
      'may be insisted upon again once there was another',
      { rejected: insisted('old'), tokens: ['new'] },
      { insists: [false], session: sessionOf('new') },
    ],
  ])('%s', async (_label, { rejected, tokens }, { insists, session }) => {
    expect(await renew(rejected, tokens)).toEqual({ insists, session, stored: session });
  });
});
