/** Width of a bucket: two percent of its value. */
const LOG_STEP = Math.log(1.02);

/** How values above 0 are distributed, to two percent of each. */
export class Histogram {
  readonly #buckets = new Float64Array(2_048);
  #count = 0;
  #sum = 0;
  #greatest = 0;

  add(value: number, weight = 1): void {
    const bucket = value <= 1 ? 0 : Math.min(2_047, Math.ceil(Math.log(value) / LOG_STEP));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + weight;
    this.#count += weight;
    this.#sum += value * weight;
    if (value > this.#greatest) this.#greatest = value;
  }

  get count(): number {
    return this.#count;
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  get greatest(): number {
    return this.#greatest;
  }

  /** The value that `share` (0 to 1) of all do not exceed; NaN of none. */
  percentile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    let below = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      below += count;
      if (below >= this.#count * share) return Math.min(this.#greatest, Math.exp(bucket * LOG_STEP));
    }
    return this.#greatest;
  }
}
