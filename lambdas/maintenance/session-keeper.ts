import {
  type Channel,
  ChannelAnswerError,
  type HttpAnswer,
  type HttpRequest,
  type SenderContext,
  type Session,
} from '../channels/types.ts';
import type { Sender, SenderSecret } from '../domain/sender.ts';
import { hasExpired, isDue, isStored, renewalDue } from '../domain/session.ts';
import type { SendOptions } from '../platform/http.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SessionStore } from '../platform/stores/sessions.ts';

/** Long enough for a slow device, short enough that login and send fit into one attempt. */
const LOGIN_TIMEOUT_MS = 10_000;

export interface KeeperDependencies {
  secrets: Pick<SenderSecrets, 'put'>;
  sessions: Pick<SessionStore, 'schedule'>;
  send(request: HttpRequest, options: SendOptions): Promise<HttpAnswer>;
  allowLoopback: boolean;
}

/** What a sender's expressions see. */
export const contextOf = ({ address, fields }: Sender, { secrets }: SenderSecret): SenderContext => ({
  address,
  fields,
  secrets,
});

/** Obtains sessions, and keeps those that live long enough: stored before anything uses them, renewed before they end. */
export class SessionKeeper {
  readonly #dependencies: KeeperDependencies;

  constructor(dependencies: KeeperDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Logs in. Throws what `send` throws, or `ChannelAnswerError` when it is refused.
   * @param again whether the token of the last login was refused
   */
  async logIn(channel: Channel, context: SenderContext, now: number, again = false): Promise<Session> {
    return this.#ask(channel, context, now, again, undefined);
  }

  /** Obtains a session in place of one that is near its end. Throws as `logIn` does. */
  async renew(channel: Channel, context: SenderContext, now: number, stored: Session | undefined): Promise<Session> {
    // What has expired cannot be exchanged; the token that it was made from may still be good.
    const last = stored && !hasExpired(stored, now) ? stored : undefined;
    const session = await this.#ask(channel, context, now, false, last);
    // Some tokens are exchanged for themselves up to their end: no progress, and a person must hear of it in time.
    if (channel.login?.given && isDue(session, channel.login.renewBefore, now)) {
      throw new ChannelAnswerError(
        `the exchanged token ends at ${session.expiresAt}, no later than before: get a new token from the provider, ` +
          'delete the sender and register it again with that',
      );
    }
    return session;
  }

  async #ask(
    { name, login }: Channel,
    context: SenderContext,
    now: number,
    again: boolean,
    last: Session | undefined,
  ): Promise<Session> {
    if (!login) throw new Error(`The channel ${name} has no login.`);
    const { send, allowLoopback } = this.#dependencies;
    const answer = await send(await login.request(context, now, again, last), {
      addresses: { allowLoopback, allowPrivate: true },
      timeoutMs: LOGIN_TIMEOUT_MS,
    });
    return login.session(answer, now);
  }

  /** Stores a session and sets when it is renewed; false for one that lives too short to be kept. */
  async keep(sender: Sender, channel: Channel, secret: SenderSecret, session: Session, now: number): Promise<boolean> {
    if (!isStored(session, now)) return false;
    await this.#dependencies.secrets.put(sender.secretId, { ...secret, session });
    await this.schedule(sender, channel, session, now);
    return true;
  }

  /** Sets when a session that is stored already is renewed. */
  async schedule(sender: Sender, channel: Channel, session: Session, now: number): Promise<void> {
    if (!channel.login || !isStored(session, now)) return;
    const { accountSid, sid: senderSid } = sender;
    const dueAt = renewalDue(session, channel.login.renewBefore, now);
    await this.#dependencies.sessions.schedule({ accountSid, senderSid, dueAt, expiresAt: session.expiresAt });
  }
}
