import type { Channel, HttpAnswer, HttpRequest, SenderContext, Session } from '../channels/types.ts';
import type { Sender, SenderSecret } from '../domain/sender.ts';
import { isStored, renewalDue } from '../domain/session.ts';
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
    if (!channel.login) throw new Error(`The channel ${channel.name} has no login.`);
    const { send, allowLoopback } = this.#dependencies;
    const answer = await send(await channel.login.request(context, now, again), {
      addresses: { allowLoopback, allowPrivate: true },
      timeoutMs: LOGIN_TIMEOUT_MS,
    });
    return channel.login.session(answer, now);
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
