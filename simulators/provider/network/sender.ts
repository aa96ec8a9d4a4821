import { createPublicKey, verify } from 'node:crypto';
import type { SenderContext } from '../../../lambdas/channels/types.ts';
import type { Answer } from '../channel/cases.ts';
import { type RequestExample, requestExamples } from '../channel/examples.ts';
import { newToken } from '../channel/identifiers.ts';
import type { PlayedChannel } from '../channel/played-channel.ts';
import type { WebhookQueue } from './webhook-queue.ts';

/** What the cases' logins last, when their answers do not say otherwise. */
const SESSION_MS = 3_600_000;

/** A request example and whose it is. */
export interface SenderExample extends RequestExample {
  sender: Sender;
}

/** A sender as its provider knows it: an account with credentials, and where its webhooks go. */
export class Sender {
  readonly played: PlayedChannel;
  readonly context: SenderContext;
  readonly webhooks: WebhookQueue;
  webhookUrl: string | undefined;
  /** What was answered to messages that have a key against repetition, by that key. */
  readonly accepted = new Map<string, Answer>();
  #examples: SenderExample[] = [];
  /** Token → when it expires, ms since the epoch. */
  readonly #tokens = new Map<string, number>();

  private constructor(played: PlayedChannel, context: SenderContext, webhooks: WebhookQueue) {
    this.played = played;
    this.context = context;
    this.webhooks = webhooks;
  }

  static async create(
    played: PlayedChannel,
    context: SenderContext,
    webhooks: WebhookQueue,
    now: number,
  ): Promise<Sender> {
    const sender = new Sender(played, context, webhooks);
    const examples = await requestExamples(played.channel, played.cases, context, now);
    const given = await played.channel.login?.given?.(context, now);
    // The customer's own token, which this provider must have given.
    if (given?.session) sender.endSession(given.session.token, Date.parse(given.session.expiresAt));
    sender.#examples = examples.map((example) => ({ ...example, sender }));
    return sender;
  }

  /** What its requests look like. */
  get examples(): readonly SenderExample[] {
    return this.#examples;
  }

  /** A token that is good from now on. */
  newSession(now: number): { token: string; expiresAt: number } {
    const session = { token: newToken(), expiresAt: now + SESSION_MS };
    this.#tokens.set(session.token, session.expiresAt);
    return session;
  }

  /** Sets when a token ends, once it is known what its answer says. */
  endSession(token: string, expiresAt: number): void {
    this.#tokens.set(token, expiresAt);
  }

  isLive(token: string, now: number): boolean {
    return (this.#tokens.get(token) ?? 0) > now;
  }

  /** Ends every session at once, as a provider may at any time. */
  endSessions(): void {
    this.#tokens.clear();
  }

  /** Whether a signed assertion is one that this sender's private key made, with the claims that it should have. */
  isOwnAssertion(given: string, example: string): boolean {
    const [header = '', claims = '', signature = ''] = given.split('.');
    const [ownHeader, ownClaims = ''] = example.split('.');
    if (header !== ownHeader || stableClaims(claims) !== stableClaims(ownClaims)) return false;
    return Object.values(this.context.secrets)
      .filter((secret) => secret.includes('PRIVATE KEY'))
      .some((key) =>
        verify(
          'RSA-SHA256',
          Buffer.from(`${header}.${claims}`),
          createPublicKey(key.replaceAll('\\n', '\n')),
          Buffer.from(signature, 'base64url'),
        ),
      );
  }
}

/** Claims without those that say when the assertion was made. */
function stableClaims(part: string): string {
  const { iat, exp, nbf, jti, ...others } = JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<
    string,
    unknown
  >;
  return JSON.stringify(others);
}
