import type { Channel } from '../channels/types.ts';
import { isAtRisk, isDue, RENEWAL_LEASE_MS, renewalRetry } from '../domain/session.ts';
import type { Clock } from '../platform/clock.ts';
import { logger } from '../platform/log.ts';
import type { SenderSecrets } from '../platform/sender-secrets.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { Renewal, SessionStore } from '../platform/stores/sessions.ts';
import { inLanes } from './lanes.ts';
import { contextOf, type SessionKeeper } from './session-keeper.ts';

/** Renewals that are read at once, and those that are under way at once: logins are dear for a device. */
const PAGE = 50;
const LANES = 5;
/** Time that one renewal may need; no further one is begun with less. */
const LEAST_TIME_MS = 25_000;

export interface RenewDependencies {
  sessions: Pick<SessionStore, 'due' | 'lease' | 'release' | 'schedule' | 'dropStale' | 'remove'>;
  senders: Pick<SenderStore, 'get'>;
  secrets: Pick<SenderSecrets, 'get'>;
  keeper: SessionKeeper;
  channel(name: string): Channel;
  now: Clock;
}

/** What a run did. `atRisk` are senders whose session has lost half of its margin and still is not renewed. */
export interface RenewalReport {
  renewed: number;
  failed: number;
  atRisk: string[];
}

/** Renews the sessions that are due, those that end first before the others, a few at a time. */
export async function renewSessions(
  remainingMs: () => number,
  dependencies: RenewDependencies,
): Promise<RenewalReport> {
  const report: RenewalReport = { renewed: 0, failed: 0, atRisk: [] };
  const seen = new Set<string>();
  while (remainingMs() > LEAST_TIME_MS) {
    const due = await dependencies.sessions.due(dependencies.now(), PAGE);
    const fresh = due.filter(({ senderSid, dueAt }) => !seen.has(`${senderSid}/${dueAt}`));
    if (fresh.length === 0) break;
    for (const { senderSid, dueAt } of fresh) seen.add(`${senderSid}/${dueAt}`);
    fresh.sort((left, right) => Date.parse(left.expiresAt) - Date.parse(right.expiresAt));
    await inLanes(fresh, LANES, async (renewal) => {
      if (remainingMs() > LEAST_TIME_MS) await renewOne(renewal, report, dependencies);
    });
  }
  return report;
}

async function renewOne(renewal: Renewal, report: RenewalReport, dependencies: RenewDependencies): Promise<void> {
  const { sessions, now } = dependencies;
  const { senderSid, accountSid, expiresAt } = renewal;
  try {
    const lease = await sessions.lease(senderSid, now(), RENEWAL_LEASE_MS, renewal);
    // Renewed or postponed meanwhile; or somebody is at it, who will move the entry.
    if (!lease) return await sessions.dropStale(renewal);
    const failure = await attempt(renewal, dependencies);
    if (failure === undefined) {
      report.renewed += 1;
      return;
    }
    report.failed += 1;
    const { renewBefore, error } = failure;
    const failures = lease.failures + 1;
    const dueAt = renewalRetry(failures, renewBefore, now());
    if (isAtRisk({ expiresAt }, renewBefore, now())) report.atRisk.push(senderSid);
    logger.warn('a session could not be renewed', { senderSid, failures, expiresAt, reason: error.message });
    await sessions.schedule({ accountSid, senderSid, dueAt, expiresAt }, failures);
  } catch (error) {
    // Our own trouble (a throttled table, say): the lease runs out, and a later run takes the entry up again.
    logger.error('a renewal was cut off', { senderSid, error: error as Error });
    report.failed += 1;
  }
}

/** One renewal under its lease; answers what went wrong at the provider. */
async function attempt(
  { accountSid, senderSid, expiresAt }: Renewal,
  { sessions, senders, secrets, keeper, channel: find, now }: RenewDependencies,
): Promise<{ renewBefore: number; error: Error } | undefined> {
  const sender = await senders.get(accountSid, senderSid);
  const channel = sender && find(sender.channel);
  if (!sender || !channel?.login) {
    await sessions.remove(senderSid);
    return undefined;
  }
  const { renewBefore } = channel.login;
  try {
    const secret = await secrets.get(sender.secretId, { fresh: true });
    const context = contextOf(sender, secret);
    const given = await channel.login.given?.(context, now());
    if (given && !given.session) {
      await sessions.remove(senderSid);
      return undefined;
    }
    // A function that met a dead token was faster: this is not the session that the entry was made for.
    if (secret.session && secret.session.expiresAt !== expiresAt && !isDue(secret.session, renewBefore, now())) {
      await keeper.schedule(sender, channel, secret.session, now());
      return undefined;
    }
    const session = await keeper.renew(channel, context, now(), secret.session);
    if (!(await keeper.keep(sender, channel, secret, session, now()))) await sessions.remove(senderSid);
    return undefined;
  } catch (error) {
    return { renewBefore, error: error as Error };
  }
}
