import { failures } from '../domain/failure.ts';
import type { AbandonedBacklogStore } from '../platform/stores/abandoned-backlogs.ts';
import type { BacklogOwner } from '../platform/stores/backlogs.ts';
import { type DueDependencies, failDue } from './due-messages.ts';
import { inLanes } from './lanes.ts';

export interface AbandonedDependencies extends DueDependencies {
  abandoned: Pick<AbandonedBacklogStore, 'first' | 'drop' | 'forget'>;
}

/** Entries read at once, and those dealt with at a time. */
const PAGE = 100;
const LANES = 8;

/** A function of the API may believe for half a minute longer that the sender is there, and put something in its backlog. */
const QUIET_MS = 60_000;

/**
 * Fails what waits for a sender that was deleted: nothing is delivered for it any more, so nothing would make room in the queue.
 * An entry is dropped when its message has failed and the customer is told, so this may be cut off anywhere.
 */
export class AbandonedBacklogs {
  readonly #dependencies: AbandonedDependencies;
  /** By sender, since when nothing has waited. */
  readonly #emptySince = new Map<string, number>();

  constructor(dependencies: AbandonedDependencies) {
    this.#dependencies = dependencies;
  }

  /** @returns how many failed now */
  async fail({ senderSid }: BacklogOwner, hasTime: () => boolean): Promise<number> {
    const { abandoned, now } = this.#dependencies;
    let count = 0;
    while (hasTime()) {
      const entries = await abandoned.first(senderSid, PAGE);
      if (entries.length === 0) {
        const since = this.#emptySince.get(senderSid) ?? now();
        this.#emptySince.set(senderSid, since);
        if (now() - since >= QUIET_MS) await abandoned.forget(senderSid);
        return count;
      }
      this.#emptySince.delete(senderSid);
      const troubles: Error[] = [];
      await inLanes(entries, LANES, async (entry) => {
        try {
          if (await this.#failOne(entry)) count += 1;
          await abandoned.drop(senderSid, entry);
        } catch (error) {
          troubles.push(error as Error);
        }
      });
      if (troubles.length > 0) throw new AggregateError(troubles, `${troubles.length} messages could not be failed.`);
    }
    return count;
  }

  async #failOne({ accountSid, messageSid }: { accountSid: string; messageSid: string }): Promise<boolean> {
    const message = await this.#dependencies.messages.get(accountSid, messageSid);
    return message !== undefined && failDue(message, failures.senderGone(), this.#dependencies);
  }
}
