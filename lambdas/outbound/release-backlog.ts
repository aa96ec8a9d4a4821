import { roomFor, turnsAfter } from '../domain/backlog.ts';
import type { Rate } from '../domain/pacing.ts';
import type { Clock } from '../platform/clock.ts';
import type { QueuedTask } from '../platform/queues.ts';
import type { BacklogOwner, BacklogState, BacklogStore } from '../platform/stores/backlogs.ts';

export interface ReleaseDependencies {
  backlogs: Pick<BacklogStore, 'lease' | 'waiting' | 'advance' | 'giveBack' | 'close'>;
  /** Queues tasks in this order; throws unless all were taken. */
  enqueue(tasks: readonly QueuedTask[]): Promise<void>;
  now: Clock;
}

/** For so long a function does not look again where it found nothing to release. */
const NOTHING_FOR_MS = 1_000;

/**
 * Moves what waits in the table into the queue, as far as there is room. Who delivers a sender's messages makes room and asks for
 * the next ones; the sweep asks for senders that nothing is delivered for.
 */
export class BacklogReleaser {
  readonly #dependencies: ReleaseDependencies;
  /** By sender, until when it is of no use to look, ms since the epoch. */
  readonly #nothingUntil = new Map<string, number>();

  constructor(dependencies: ReleaseDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Tasks go to the queue before the cursor passes them, so a crash leaves some that are queued again: SQS drops these, and delivery
   * takes a message only once.
   * @returns how many tasks were queued
   */
  async release(owner: BacklogOwner, rate: Rate): Promise<number> {
    const { backlogs, now } = this.#dependencies;
    if ((this.#nothingUntil.get(owner.senderSid) ?? 0) > now()) return 0;
    const state = await backlogs.lease(owner.senderSid, now());
    if (!state) return 0;
    return this.#releaseFrom(owner, state, rate);
  }

  async #releaseFrom(owner: BacklogOwner, state: BacklogState, rate: Rate): Promise<number> {
    const { backlogs, enqueue, now } = this.#dependencies;
    const { senderSid } = owner;
    const at = now();
    const room = state.heldUntil > at ? 0 : roomFor(state, rate, at);
    if (room === 0) {
      await backlogs.giveBack(senderSid);
      return 0;
    }
    const entries = await backlogs.waiting(senderSid, state.cursor, room, at);
    const last = entries.at(-1);
    if (!last) {
      await backlogs.close(owner, state, at);
      this.#nothingUntil.set(senderSid, at + NOTHING_FOR_MS);
      return 0;
    }
    const turns = turnsAfter(state.tat, state, entries.length, rate, at);
    await enqueue(
      entries.map(({ task, group }, index) => ({
        task: { ...task, released: true, dueAt: turns[index] },
        group,
        deduplicationId: task.messageSid,
      })),
    );
    await backlogs.advance(senderSid, state, { cursor: last.order, count: entries.length }, at);
    return entries.length;
  }
}
