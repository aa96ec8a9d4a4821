import { BACKLOG_MS, EARLY_MS, LOOKAHEAD_MS, nextPortion, PORTION_LIFETIME_MS, turnAt } from '../domain/backlog.ts';
import { intervalOf, type Rate, toleranceOf } from '../domain/pacing.ts';
import { TwilioError } from '../domain/twilio-error.ts';
import type { Clock } from '../platform/clock.ts';
import type { BacklogStore } from '../platform/stores/backlogs.ts';

/**
 * Where a message goes. `turn` is when it will be sent if all goes well, `dueAt` the same where the queue should not show it before,
 * ms since the epoch.
 */
export type Placement = { place: 'queue'; turn: number; dueAt?: number } | { place: 'backlog'; turn: number };

export interface Arrival {
  /** An answer in an open conversation: it does not wait for campaigns. */
  isReply: boolean;
  /** The newest of its contact's messages that was put in the backlog (its key there). */
  waiting?: string | undefined;
  /** Set for what was accepted long ago: it is never too much. */
  wasAccepted?: boolean | undefined;
}

type ClockName = 'admitted' | 'replied';

/** Room taken for several messages with one write. */
interface Portion {
  left: number;
  size: number;
  /** What the sender's clock shows for the next of them. */
  clock: number;
  cursor: string;
  heldUntil: number;
  /** What is not used by then is given up, and the next portion is a small one. */
  until: number;
}

/**
 * Counts what is accepted for each sender, and says whether it may go to the queue, waits in the table, or is too much. Room is taken in
 * portions that double while messages follow each other, so that a campaign costs one write for many messages and a single message
 * one; what a function takes and does not use is lost, which only makes the sender look a little busier than it is.
 */
export class Admission {
  readonly #backlogs: Pick<BacklogStore, 'admit'>;
  readonly #now: Clock;
  readonly #portions = new Map<string, Portion>();

  constructor(backlogs: Pick<BacklogStore, 'admit'>, now: Clock) {
    this.#backlogs = backlogs;
    this.#now = now;
  }

  /** Throws 21611 when the sender has been given more than it can send in four hours. */
  async place(senderSid: string, rate: Rate, { isReply, waiting, wasAccepted }: Arrival): Promise<Placement> {
    const reply = isReply ? await this.#take(senderSid, rate, 'replied', LOOKAHEAD_MS + toleranceOf(rate)) : undefined;
    const taken = reply ?? (await this.#take(senderSid, rate, 'admitted', BACKLOG_MS));
    if (!taken && wasAccepted) return { place: 'backlog', turn: this.#now() + BACKLOG_MS };
    if (!taken) {
      throw new TwilioError(
        21611,
        "This 'From' number has exceeded the maximum number of queued messages: four hours of its rate. Send more when it has sent some.",
      );
    }
    const { turn, cursor, isHeld } = taken;
    const ahead = turn - this.#now();
    const mustFollow = waiting !== undefined && waiting > cursor;
    if (mustFollow || isHeld || ahead > LOOKAHEAD_MS) return { place: 'backlog', turn };
    return { place: 'queue', turn, ...(ahead > EARLY_MS && !reply && { dueAt: turn }) };
  }

  async #take(
    senderSid: string,
    rate: Rate,
    name: ClockName,
    limitMs: number,
  ): Promise<{ turn: number; cursor: string; isHeld: boolean } | undefined> {
    const key = `${name}/${senderSid}`;
    const now = this.#now();
    const last = this.#portions.get(key);
    const isFollowing = last !== undefined && last.until > now;
    let portion = isFollowing && last.left > 0 ? last : undefined;
    if (!portion) {
      const size = nextPortion(isFollowing ? last.size : undefined, rate);
      portion =
        (await this.#portion(senderSid, size, rate, name, limitMs)) ??
        (size > 1 ? await this.#portion(senderSid, 1, rate, name, limitMs) : undefined);
      if (!portion) return undefined;
      this.#portions.set(key, portion);
    }
    portion.left -= 1;
    const clock = Math.max(portion.clock, now);
    portion.clock += intervalOf(rate);
    const { cursor, heldUntil } = portion;
    return { turn: Math.max(now, heldUntil, turnAt(clock, rate)), cursor, isHeld: heldUntil > now };
  }

  async #portion(
    senderSid: string,
    size: number,
    rate: Rate,
    name: ClockName,
    limitMs: number,
  ): Promise<Portion | undefined> {
    const now = this.#now();
    const admitted = await this.#backlogs.admit(senderSid, size, rate, now, name, limitMs);
    if (!admitted) return undefined;
    const { before, cursor, heldUntil } = admitted;
    return { left: size, size, clock: before, cursor, heldUntil, until: now + PORTION_LIFETIME_MS };
  }
}
