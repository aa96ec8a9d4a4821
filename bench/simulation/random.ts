/** Random numbers that come out the same in every run: the generator is `mulberry32`. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** 0, 1 … `below` - 1. */
  integer(below: number): number {
    return Math.floor(this.next() * below);
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** Between two positive values, each of their orders of magnitude equally likely. */
  logUniform(least: number, most: number): number {
    return least * (most / least) ** this.next();
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Half of the values are below `median`; `sigma` is the standard deviation of their logarithm. */
  logNormal(median: number, sigma: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return median * Math.exp(sigma * radius * Math.cos(2 * Math.PI * this.next()));
  }
}

/** Draws latencies from 4,096 values taken once from a log-normal distribution: a draw is then one array access. */
export class Latency {
  readonly #values: Float64Array;
  readonly #random: Random;

  /** @param p50 and p99 in ms */
  constructor(random: Random, { p50, p99 }: { p50: number; p99: number }) {
    this.#random = random;
    // 2.326 standard deviations above the middle lie 1 % of a normal distribution.
    const sigma = Math.log(p99 / p50) / 2.326;
    this.#values = Float64Array.from({ length: 4_096 }, () => random.logNormal(p50, sigma));
  }

  /** Milliseconds. */
  draw(): number {
    return this.#values[this.#random.integer(4_096)] ?? 0;
  }
}
