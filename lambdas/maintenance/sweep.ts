import { logger } from '../platform/log.ts';
import { type DueJobDependencies, doDue } from './do-due.ts';
import { type ReleaseBacklogsDependencies, releaseBacklogs } from './release-backlogs.ts';
import { type ResendDependencies, resendUnqueued } from './resend-unqueued.ts';

export type SweepDependencies = ResendDependencies & DueJobDependencies & ReleaseBacklogsDependencies;

/** What one sweep did, in messages. */
export interface SweepReport {
  /** Queued again, because they may never have been queued. */
  resent: number;
  /** Scheduled ones that were queued, or put in their sender's backlog. */
  sent: number;
  /** Scheduled ones whose sender is gone or offline, and ones that waited for a sender that is gone. */
  failed: number;
  /** Ones in a backlog whose validity had ended. */
  expired: number;
  /** Moved from backlogs into the queue. */
  released: number;
}

const COUNTS = ['resent', 'sent', 'failed', 'expired', 'released'] as const satisfies (keyof SweepReport)[];

/**
 * Keeps messages moving that nothing else moves. The jobs run at the same time, and the trouble of one is not the others'.
 * @returns what was done
 * @throws when a job could not do all of its work, with what was done in the log
 */
export async function sweep(remainingMs: () => number, dependencies: SweepDependencies): Promise<SweepReport> {
  const report: SweepReport = { resent: 0, sent: 0, failed: 0, expired: 0, released: 0 };
  const jobs: Record<string, () => Promise<Partial<SweepReport>>> = {
    'resend what was never queued': async () => ({ resent: await resendUnqueued(remainingMs, dependencies) }),
    'do what is due': () => doDue(remainingMs, dependencies),
    'release backlogs': () => releaseBacklogs(remainingMs, dependencies),
  };
  const failed: string[] = [];
  await Promise.all(
    Object.entries(jobs).map(async ([job, run]) => {
      try {
        const done = await run();
        for (const name of COUNTS) report[name] += done[name] ?? 0;
      } catch (error) {
        failed.push(job);
        logger.error('a job of the sweep failed', { job, error: error as Error });
      }
    }),
  );
  logger.info('swept', { ...report });
  if (failed.length === 0) return report;
  throw new Error(`Could not be done: ${failed.sort().join(', ')}. The log says why; the next sweep tries again.`);
}
