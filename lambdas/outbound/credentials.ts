import {
  type Channel,
  ChannelAnswerError,
  type HttpAnswer,
  type HttpRequest,
  type SenderContext,
  type Session,
} from '../channels/types.ts';
import type { Sender, SenderSecret } from '../domain/sender.ts';
import { hasExpired, isDue, RENEWAL_LEASE_MS } from '../domain/session.ts';
import { contextOf, SessionKeeper } from '../maintenance/session-keeper.ts';
import { pause } from '../platform/clock.ts';
import { type SendOptions, send } from '../platform/http.ts';
import { Remembered } from '../platform/remembered.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SessionStore } from '../platform/stores/sessions.ts';

/** What a request of a sender needs: its fields and secrets, and the session where the channel has one. */
export interface Credentials {
  context: SenderContext;
  session?: Session;
}

/** How a login is sent. */
type Send = (request: HttpRequest, options: SendOptions) => Promise<HttpAnswer>;

export interface CredentialDependencies {
  secrets: Pick<SenderSecrets, 'get' | 'put'>;
  sessions: Pick<SessionStore, 'lease' | 'release' | 'schedule'>;
  allowLoopback: boolean;
}

/** A session that is needed and not there. */
interface Renewal {
  sender: Sender;
  channel: Channel;
  now: number;
  rejected: Session | undefined;
  keeper: SessionKeeper;
}

/** How often a stored session that should have been renewed is read anew: by then somebody has renewed it. */
const LOOK_AGAIN_MS = 30_000;
/** How long a function does not try again to exchange a token that could not be: only a person can give another. */
const GIVEN_UP_MS = 300_000;
/** How long to wait for another function that is renewing, and how often to look whether it has. */
const PATIENCE_MS = 5_000;
const POLL_MS = 200;

/**
 * Hands out credentials. Sessions are renewed ahead of time by `maintenance/`; here one is obtained only where there is
 * none, where it died early, or where it lives for minutes and is kept in memory.
 */
export class CredentialSource {
  readonly #dependencies: CredentialDependencies;
  /** Sessions that live too short to be stored, by sender. */
  readonly #shortLived = new Map<string, Session>();
  readonly #renewing = new Map<string, Promise<Session>>();
  /** By sender, the tokens that were refused and could not be exchanged. */
  readonly #givenUp = new Remembered<string>(GIVEN_UP_MS);
  readonly #lookedAgain = new Remembered<true>(LOOK_AGAIN_MS);

  constructor(dependencies: CredentialDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Throws what `send` throws, or `ChannelAnswerError`, when a session is needed and not to be had.
   * @param rejected the session that the channel just refused: it is not handed out again. If the stored one is another
   * by now, somebody else has renewed it and that one is used.
   * @param login sends a login, if one is needed; what it throws, this throws
   */
  async get(
    sender: Sender,
    channel: Channel,
    now: number,
    rejected?: Session,
    login: Send = send,
  ): Promise<Credentials> {
    const secret = await this.#secretFor(sender, channel, now, rejected);
    const context = contextOf(sender, secret);
    if (!channel.login) return { context };
    const given = await channel.login.given?.(context, now);
    if (given && !given.session) return { context };
    const kept = this.#shortLived.get(sender.sid);
    if (isGood(kept, rejected, now) && !isDue(kept, channel.login.renewBefore, now)) return { context, session: kept };
    if (isGood(secret.session, rejected, now)) return { context, session: secret.session };
    if (rejected && (await this.#givenUp.get(sender.sid, async () => undefined)) === rejected.token) {
      throw new ChannelAnswerError('the token is no good any more, and could not be exchanged for another');
    }
    const keeper = new SessionKeeper({ ...this.#dependencies, send: login });
    return { context, session: await this.#renewOnce({ sender, channel, now, rejected, keeper }) };
  }

  /** The sender's secret; read anew when a session in it is of no more use, or soon will not be. */
  async #secretFor(sender: Sender, channel: Channel, now: number, rejected?: Session): Promise<SenderSecret> {
    const { secrets } = this.#dependencies;
    const secret = await secrets.get(sender.secretId, { fresh: rejected !== undefined });
    const { session } = secret;
    if (!session || !channel.login || rejected || !isDue(session, channel.login.renewBefore, now)) return secret;
    let isFirst = false;
    await this.#lookedAgain.get(sender.sid, async () => (isFirst = true));
    return isFirst ? secrets.get(sender.secretId, { fresh: true }) : secret;
  }

  /** Lanes of one function that need the same session ask for it once. */
  #renewOnce(renewal: Renewal): Promise<Session> {
    const { sid } = renewal.sender;
    const underWay = this.#renewing.get(sid);
    if (underWay) return underWay;
    const renewing = this.#renew(renewal).finally(() => this.#renewing.delete(sid));
    this.#renewing.set(sid, renewing);
    return renewing;
  }

  async #renew(renewal: Renewal): Promise<Session> {
    const { secrets, sessions } = this.#dependencies;
    const { sender, channel, now, rejected } = renewal;
    // Any number of tokens that live for minutes may be good at once, so nobody waits for anybody.
    if (this.#shortLived.has(sender.sid)) return this.#obtain(renewal);
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await sessions.lease(sender.sid, now, RENEWAL_LEASE_MS))) {
      if (Date.now() > deadline) throw new ChannelAnswerError('another function is still renewing the session');
      await pause(POLL_MS);
      const { session } = await secrets.get(sender.secretId, { fresh: true });
      if (isGood(session, rejected, now)) return session;
    }
    try {
      return await this.#obtain(renewal);
    } catch (error) {
      await sessions.release(sender.sid);
      // Every waiting message would ask again.
      const isHopeless = rejected && channel.login?.given && error instanceof ChannelAnswerError;
      if (isHopeless) this.#givenUp.set(sender.sid, rejected.token);
      throw error;
    }
  }

  /** Logs in, unless somebody did between our look and our lease. */
  async #obtain(renewal: Renewal): Promise<Session> {
    const { secrets, sessions } = this.#dependencies;
    const { sender, channel, now, rejected, keeper } = renewal;
    const secret = await secrets.get(sender.secretId, { fresh: true });
    const isShortLived = this.#shortLived.has(sender.sid);
    if (isGood(secret.session, rejected, now)) {
      await sessions.release(sender.sid);
      return secret.session;
    }
    const context = contextOf(sender, secret);
    // Only the very first: what it was exchanged for may be all that is good by now.
    const given = secret.session ? undefined : await channel.login?.given?.(context, now);
    const session = given?.session ?? (await this.#logIn(renewal, context));
    if (!(await keeper.keep(sender, channel, secret, session, now))) {
      this.#shortLived.set(sender.sid, session);
      if (!isShortLived) await sessions.release(sender.sid);
    }
    return session;
  }

  /**
   * Logs in. A provider that gives out the same token to all who ask may give the one that it refused; it is told so, but
   * once: what comes of that may be counted, and ends the token for everybody else.
   */
  async #logIn({ channel, now, rejected, keeper }: Renewal, context: SenderContext): Promise<Session> {
    const session = await keeper.logIn(channel, context, now);
    if (session.token !== rejected?.token) return session;
    const another = rejected.insisted ? session : await keeper.logIn(channel, context, now, true);
    return { ...another, insisted: true };
  }
}

function isGood(session: Session | undefined, rejected: Session | undefined, now: number): session is Session {
  return session !== undefined && session.token !== rejected?.token && !hasExpired(session, now);
}
