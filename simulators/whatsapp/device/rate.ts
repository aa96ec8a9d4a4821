import type { Clock } from '../clock.ts';
import type { Rate } from '../options.ts';

/** A bucket that holds `burst` requests and refills at `perSecond`. Counted in thousandths, so that nothing is rounded. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #thousandths: number;
  #filledAt: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#thousandths = rate.burst * 1000;
    this.#filledAt = clock.now();
  }

  /** Takes one request's worth; false when the bucket is empty. */
  take(): boolean {
    const now = this.#clock.now();
    const refill = (now - this.#filledAt) * this.#rate.perSecond;
    this.#thousandths = Math.min(this.#rate.burst * 1000, this.#thousandths + refill);
    this.#filledAt = now;
    if (this.#thousandths < 1000) return false;
    this.#thousandths -= 1000;
    return true;
  }
}
