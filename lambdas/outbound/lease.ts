import type { Message, TimelineEntry } from '../domain/message.ts';
import type { Clock } from '../platform/clock.ts';
import type { MessageStore } from '../platform/stores/messages.ts';

interface LeaseDependencies {
  messages: Pick<MessageStore, 'moveLease'>;
  leaseMs: number;
  now: Clock;
}

/** The time that an attempt has a message for itself. When it is over, another function may send the message too. */
export class Lease {
  readonly #dependencies: LeaseDependencies;
  #message: Message;

  /** @param message as it was claimed */
  constructor(message: Message, dependencies: LeaseDependencies) {
    this.#message = message;
    this.#dependencies = dependencies;
  }

  /** Milliseconds left of it. */
  get left(): number {
    return (this.#message.leaseUntil ?? 0) - this.#dependencies.now();
  }

  /** Sees to it that `ms` are left; false when another function has taken the message over. */
  async lasts(ms: number): Promise<boolean> {
    return this.left >= ms || this.moveTo(this.#dependencies.now() + Math.max(ms, this.#dependencies.leaseMs));
  }

  /** Ends it at another time (ms since the epoch), and says why; false when another function has taken the message over. */
  async moveTo(until: number, why?: TimelineEntry): Promise<boolean> {
    const isMoved = await this.#dependencies.messages.moveLease(this.#message, until, why);
    if (isMoved) this.#message = { ...this.#message, leaseUntil: until };
    return isMoved;
  }
}
