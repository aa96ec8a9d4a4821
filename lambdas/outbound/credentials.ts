import type { Channel, SenderContext, Session } from '../channels/types.ts';
import type { Sender } from '../domain/sender.ts';
import { send } from '../platform/http.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';

/** What a request of a sender needs: its fields and secrets, and the session where the channel has one. */
export interface Credentials {
  context: SenderContext;
  session?: Session;
}

/** Hands out credentials; obtains a session where there is none, or where the one there is near its end. */
export class CredentialSource {
  readonly #secrets: SenderSecrets;
  readonly #allowLoopback: boolean;

  constructor(secrets: SenderSecrets, allowLoopback: boolean) {
    this.#secrets = secrets;
    this.#allowLoopback = allowLoopback;
  }

  /**
   * @param rejected the session that the channel just refused: it is not handed out again. If the stored one is another
   * by now, somebody else has renewed it and that one is used.
   */
  async get(sender: Sender, channel: Channel, now: number, rejected?: Session): Promise<Credentials> {
    const secret = await this.#secrets.get(sender.secretId, { fresh: rejected !== undefined });
    const context = { address: sender.address, fields: sender.fields, secrets: secret.secrets };
    if (!channel.login) return { context };
    const { session } = secret;
    if (session && session.token !== rejected?.token && !isDue(session, channel.login.renewBefore, now)) {
      return { context, session };
    }
    try {
      const renewed = await this.login(channel, context, now, rejected !== undefined);
      await this.#secrets.put(sender.secretId, { ...secret, session: renewed });
      return { context, session: renewed };
    } catch (error) {
      // A session that is only near its end still works; the next message tries again.
      if (session && session.token !== rejected?.token && Date.parse(session.expiresAt) > now)
        return { context, session };
      throw error;
    }
  }

  /** Logs in (again, where the last token was refused) and answers the session; throws what `send` throws, or `ChannelAnswerError` when it was refused. */
  async login(channel: Channel, context: SenderContext, now: number, again = false): Promise<Session> {
    if (!channel.login) throw new Error(`The channel ${channel.name} has no login.`);
    const answer = await send(await channel.login.request(context, now, again), {
      addresses: { allowLoopback: this.#allowLoopback, allowPrivate: true },
      timeoutMs: 10_000,
    });
    return channel.login.session(answer, now);
  }
}

const isDue = (session: Session, renewBefore: number, now: number): boolean =>
  Date.parse(session.expiresAt) - renewBefore * 1_000 <= now;
