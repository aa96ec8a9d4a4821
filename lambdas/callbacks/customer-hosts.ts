import { intervalOf, type Rate } from '../domain/pacing.ts';
import type { Circuits } from '../platform/circuits.ts';
import type { Clock } from '../platform/clock.ts';
import type { PacingStore } from '../platform/stores/pacing.ts';

/** Why a callback has to wait although its time has come: its host cannot be reached, or has as many as it can bear. */
export interface Held {
  kind: 'held';
  why: 'down' | 'slow';
  waitMs: number;
}

/** A customer's host. Per account, because many customers may share one (a hosted automation service, say). */
export interface CustomerHost {
  accountSid: string;
  url: string;
}

/** Callbacks that a slow customer may have under way at once, over all functions; roughly. */
const SLOW_AT_ONCE = 20;

/** How many more of them may begin together after a pause. */
const SLOW_TOGETHER = 3;

/**
 * Keeps customers who are down or slow from costing the others anything: each function that waits for an answer is one that
 * posts nobody else's callbacks. A host that answers within a second costs nothing here.
 */
export class CustomerHosts {
  readonly #circuits: Pick<Circuits, keyof Circuits>;
  readonly #pacing: Pick<PacingStore, 'reserve'>;
  readonly #now: Clock;
  /** Slow hosts that had no slot left when last asked, and until when there is none. */
  readonly #full = new Map<string, number>();

  constructor(circuits: Pick<Circuits, keyof Circuits>, pacing: Pick<PacingStore, 'reserve'>, now: Clock) {
    this.#circuits = circuits;
    this.#pacing = pacing;
    this.#now = now;
  }

  /** What a callback to this host has to wait for; undefined: it may go now, and `report` is to be told how it went. */
  async heldBy(host: CustomerHost): Promise<Held | undefined> {
    const key = keyOf(host);
    const waitMs = await this.#circuits.waitFor(key);
    if (waitMs > 0) return { kind: 'held', why: 'down', waitMs };
    const averageMs = await this.#circuits.slowAverage(key);
    return averageMs === undefined ? undefined : this.#takeSlot(key, averageMs);
  }

  /** How an exchange went. Never throws. */
  async report(host: CustomerHost, outcome: 'reached' | 'unreached', tookMs: number): Promise<void> {
    await this.#circuits.report(keyOf(host), outcome, tookMs);
  }

  /** By Little's law so many are under way on average as begin in the time that one takes. */
  async #takeSlot(key: string, averageMs: number): Promise<Held | undefined> {
    const now = this.#now();
    const fullFor = (this.#full.get(key) ?? 0) - now;
    if (fullFor > 0) return { kind: 'held', why: 'slow', waitMs: fullFor };
    this.#full.delete(key);
    const rate: Rate = { perSecond: (SLOW_AT_ONCE * 1_000) / averageMs, burst: 1 };
    // No limit of the customer's is met by going before a slot opens: only how many begin in all counts.
    const aheadMs = SLOW_TOGETHER * intervalOf(rate);
    const reserved = await this.#pacing.reserve(key, 1, rate, now, aheadMs);
    if ('slots' in reserved) return undefined;
    const waitMs = Math.max(50, reserved.waitMs - aheadMs);
    this.#full.set(key, now + waitMs);
    return { kind: 'held', why: 'slow', waitMs };
  }
}

const keyOf = ({ accountSid, url }: CustomerHost): string => `callback/${accountSid}/${new URL(url).host}`;
