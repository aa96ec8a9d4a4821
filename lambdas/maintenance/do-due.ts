import { logger } from '../platform/log.ts';
import type { ScheduledEntry, ScheduleStore } from '../platform/stores/schedule.ts';
import { dueEntries } from './due-entries.ts';
import { expireBacklogged } from './expire-backlogged.ts';
import { inLanes } from './lanes.ts';
import { type SendScheduledDependencies, sendScheduled } from './send-scheduled.ts';

export interface DueJobDependencies extends SendScheduledDependencies {
  schedule: Pick<ScheduleStore, 'due' | 'remove'>;
}

/** What was done with messages whose time had come, in messages. */
export interface DueReport {
  /** Scheduled ones that were queued, or put in their sender's backlog. */
  sent: number;
  /** Scheduled ones whose sender is gone or offline. */
  failed: number;
  /** Ones in a backlog whose validity had ended. */
  expired: number;
}

/** Nothing further is begun with less time left: what was begun has to be queued, and its entry removed. */
const LEAST_TIME_MS = 10_000;

const LANES = 32;

/**
 * Does what messages were scheduled for, oldest first; what there is no time for is done by the next sweep.
 * @throws when something could not be done; all else was, and the next sweep tries again
 */
export async function doDue(remainingMs: () => number, dependencies: DueJobDependencies): Promise<DueReport> {
  const report: DueReport = { sent: 0, failed: 0, expired: 0 };
  const troubles: Error[] = [];
  const stuck = new Set<string>();
  const hasTime = () => remainingMs() > LEAST_TIME_MS;
  for await (const portion of dueEntries(dependencies.schedule, dependencies.now())) {
    const outcome = await sendScheduled(
      portion.filter(({ kind }) => kind === 'send'),
      stuck,
      hasTime,
      dependencies,
    );
    report.sent += outcome.sent;
    report.failed += outcome.failed;
    troubles.push(...outcome.troubles);
    const done = [...outcome.done];
    await inLanes(
      portion.filter(({ kind }) => kind === 'expire'),
      LANES,
      attempt(troubles, async (due) => {
        if (await expireBacklogged(due, dependencies)) report.expired += 1;
        done.push(due);
      }),
    );
    await inLanes(
      done,
      LANES,
      attempt(troubles, (due) => dependencies.schedule.remove(due)),
    );
    if (!hasTime()) break;
  }
  if (troubles.length === 0) return report;
  logger.warn('not all that was due could be done', { ...report });
  throw new AggregateError(troubles, `${troubles.length} entries of the schedule, or calls for them, failed.`);
}

/** One entry's trouble is not the others'. */
function attempt(troubles: Error[], act: (due: ScheduledEntry) => Promise<void>) {
  return async (due: ScheduledEntry): Promise<void> => {
    try {
      await act(due);
    } catch (error) {
      logger.error('an entry of the schedule could not be dealt with', { ...due, error: error as Error });
      troubles.push(error as Error);
    }
  };
}
