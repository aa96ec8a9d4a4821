import type { Channel } from '../channels/types.ts';
import { MOST_RELEASED } from '../domain/backlog.ts';
import { rateOf } from '../domain/rate.ts';
import type { Sender } from '../domain/sender.ts';
import type { BacklogReleaser } from '../outbound/release-backlog.ts';
import { logger } from '../platform/log.ts';
import type { BacklogOwner, BacklogStore } from '../platform/stores/backlogs.ts';
import type { SenderStore } from '../platform/stores/senders.ts';
import type { AbandonedBacklogs } from './fail-abandoned.ts';
import { inLanes } from './lanes.ts';

export interface ReleaseBacklogsDependencies {
  backlogs: Pick<BacklogStore, 'owners'>;
  releaser: Pick<BacklogReleaser, 'release'>;
  senders: Pick<SenderStore, 'get'>;
  channel(name: string): Channel;
  abandonedBacklogs: Pick<AbandonedBacklogs, 'fail'>;
  random(): number;
}

/** Senders at a time. */
const LANES = 16;

/** No further sender is begun with less time left. */
const LEAST_TIME_MS = 10_000;

/**
 * Releases what waits of every sender that has a backlog, as far as the queue has room. Senders whose messages are being delivered
 * keep themselves going; this is for those that nothing is delivered for: the first release, and one that was cut off.
 * @returns how many tasks were queued, and how many messages failed because their sender is gone
 * @throws when a sender's could not be released; all others' were
 */
export async function releaseBacklogs(
  remainingMs: () => number,
  dependencies: ReleaseBacklogsDependencies,
): Promise<{ released: number; failed: number }> {
  const { backlogs, random, senders, abandonedBacklogs } = dependencies;
  const hasTime = () => remainingMs() > LEAST_TIME_MS;
  const owners = await backlogs.owners();
  // Begins with another one each time: where the time is too short for all, the last ones are not always the same.
  const first = Math.floor(random() * owners.length);
  const report = { released: 0, failed: 0 };
  const troubles: Error[] = [];
  await inLanes([...owners.slice(first), ...owners.slice(0, first)], LANES, async (owner) => {
    if (!hasTime()) return;
    try {
      const sender = await senders.get(owner.accountSid, owner.senderSid);
      const released = sender ? await releaseOf(owner, sender, hasTime, dependencies) : 0;
      const failed = sender ? 0 : await abandonedBacklogs.fail(owner, hasTime);
      report.released += released;
      report.failed += failed;
    } catch (error) {
      logger.error('a backlog could not be released', { senderSid: owner.senderSid, error: error as Error });
      troubles.push(error as Error);
    }
  });
  if (troubles.length > 0) throw new AggregateError(troubles, `The backlogs of ${troubles.length} senders failed.`);
  return report;
}

async function releaseOf(
  owner: BacklogOwner,
  sender: Sender,
  hasTime: () => boolean,
  { releaser, channel }: ReleaseBacklogsDependencies,
): Promise<number> {
  const rate = rateOf(sender, channel(sender.channel));
  let count = 0;
  for (;;) {
    const released = await releaser.release(owner, rate);
    count += released;
    if (released < MOST_RELEASED || !hasTime()) return count;
  }
}
